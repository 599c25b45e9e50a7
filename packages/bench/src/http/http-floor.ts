import { createServer } from 'node:http';
import { say } from '../processes/told.js';

/** The least that a POST costs in Node: a server that reads the body and answers 200. Says its "port". */
export async function runHttpFloor(): Promise<void> {
  const server = createServer((request, response) => {
    request.on('data', () => {});
    request.on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 4 });
      response.end('null');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  say('port', typeof address === 'object' ? address?.port : undefined);
}
