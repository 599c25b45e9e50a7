import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { listenAndSay } from '../processes/told.js';

export interface MemoryServer {
  /** File of the answer, by what is asked for. */
  readonly files: Readonly<Record<string, string>>;
}

/** The least that an answer costs in Node: a server that has its bytes in memory. Says its "port". */
export async function runMemoryServer({ files }: MemoryServer): Promise<void> {
  const answers = new Map<string, Buffer>();
  for (const [path, file] of Object.entries(files)) answers.set(path, await readFile(file));
  const server = createServer((request, response) => {
    const answer = answers.get(request.url ?? '');
    if (answer === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'application/json' }).end(answer);
  });
  await listenAndSay(server);
}
