import { createServer } from 'node:http';
import { listenAndSay } from '../processes/told.js';

/** The least that a POST costs in Node: a server that reads the body and answers 200. Says its "port". */
export async function runHttpFloor(): Promise<void> {
  const server = createServer((request, response) => {
    request.on('data', () => {});
    request.on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': 4 });
      response.end('null');
    });
  });
  await listenAndSay(server);
}
