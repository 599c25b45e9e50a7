import { createServer, type Socket } from 'node:net';
import { listenAndSay } from '../processes/told.js';

export interface StreamFloor {
  /** Bytes written once a second to a client that asks for all labs, and to one that asks for some. */
  readonly all: number;
  readonly some: number;
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n';
const NOTHING = 'id: floor.1.0\nevent: snapshot\ndata: {"labs":[]}\n\n';

/** What is left of a stream when nothing but its bytes go out: comments over bare sockets. Says its "port". */
export async function runStreamFloor({ all, some }: StreamFloor): Promise<void> {
  const clients = new Map<Socket, Buffer>();
  const [toAll, toSome] = [comment(all), comment(some)];
  const server = createServer((socket) => {
    socket.once('data', (request) => {
      socket.write(HEAD + NOTHING);
      clients.set(socket, request.includes('*') ? toAll : toSome);
    });
    socket.on('error', () => {});
    socket.on('close', () => clients.delete(socket));
  });
  setInterval(() => {
    for (const [socket, bytes] of clients) socket.write(bytes);
  }, 1000);
  await listenAndSay(server);
}

function comment(bytes: number): Buffer {
  return Buffer.from(`: ${'x'.repeat(Math.max(1, Math.round(bytes) - 4))}\n\n`);
}
