import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export interface AttackSockets {
  readonly port: number;
  readonly connections: number;
  /** Addresses of this machine that they come from, by turns. */
  readonly addresses?: number;
  /** What each sends, by its number. */
  readonly bytes: (index: number) => string | Buffer;
  /** What each sends again and again, if not the same. */
  readonly again?: (index: number) => string | Buffer;
  /** Whether they read what comes. */
  readonly read: boolean;
  /** Whether they make a TLS handshake, and go when it is made. */
  readonly shakesHands?: boolean;
  /** Sends so often while the connection is open. */
  readonly everyMs?: number;
}

const OPENING_MAX = 100;
const REOPEN_MS = 100;

/** Opens connections that send bytes; one that is closed is opened again. Resolves when each has tried once. */
export async function attackSockets(options: AttackSockets): Promise<void> {
  for (let i = 0; i < options.connections; i += OPENING_MAX) {
    const count = Math.min(OPENING_MAX, options.connections - i);
    await Promise.all(Array.from({ length: count }, (_, k) => opened(options, i + k)));
  }
}

function opened(options: AttackSockets, index: number): Promise<void> {
  const { port, addresses = 1, bytes, again = bytes, read, everyMs, shakesHands = false } = options;
  return new Promise((resolve) => {
    const socket: Socket = connect({
      port,
      host: '127.0.0.1',
      localAddress: `127.0.0.${1 + (index % addresses)}`,
      noDelay: true,
    });
    let timer: NodeJS.Timeout | undefined;
    if (shakesHands) shakeHands(socket);
    socket.on('connect', () => {
      if (!shakesHands) socket.write(bytes(index));
      if (everyMs !== undefined)
        timer = setInterval(() => {
          if (socket.writableLength === 0) socket.write(again(index));
        }, everyMs);
      if (read) socket.resume();
      else socket.pause();
      resolve();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearInterval(timer);
      resolve();
      setTimeout(() => void opened(options, index), REOPEN_MS);
    });
  });
}

/** A whole one each time: nothing is resumed. */
function shakeHands(socket: Socket): void {
  const secure = connectTls({ socket, rejectUnauthorized: false }, () => socket.destroy());
  secure.on('error', () => socket.destroy());
}
