import type { AddressInfo, Server } from 'node:net';
import type { Message } from './bench-child.js';

/** Tells the parent of this process. */
export function say(word: string, value?: unknown): void {
  process.send?.({ word, value } satisfies Message);
}

/** Resolves once the parent says this word. */
export function told(word: string): Promise<void> {
  return new Promise((resolve) => {
    const onMessage = (message: Message) => {
      if (message.word !== word) return;
      process.off('message', onMessage);
      resolve();
    };
    process.on('message', onMessage);
  });
}

/** Listens on a free port of this machine, and says "port". */
export async function listenAndSay(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  say('port', (server.address() as AddressInfo).port);
}
