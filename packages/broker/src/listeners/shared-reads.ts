import { connect, createServer, type Server, Socket } from 'node:net';

/** What is read at once, of all connections: it is good until the call returns. */
const SHARED_BYTES = 65_536;
const shared = Buffer.allocUnsafeSlow(SHARED_BYTES);

const sharing = new WeakSet<object>();

/** Whether the 'data' of a stream is good until the call returns only. */
export function readsShared(stream: object): boolean {
  return sharing.has(stream);
}

/** What Node has no public way for: a socket of a server is made without `onread`. */
interface WithHandle {
  _handle: unknown;
}

/**
 * The same connection as another socket, which reads into one buffer for all of them: no memory is made, and none
 * thrown away, for each piece that comes. Its 'data' is good until the call returns; whoever keeps it must copy it.
 */
export function readingShared(accepted: Socket): Socket {
  const from = accepted as unknown as WithHandle;
  const handle = from._handle;
  from._handle = null;
  accepted.destroy();
  const socket: Socket = new Socket({
    handle,
    onread: {
      buffer: shared,
      callback: (bytes: number) => {
        socket.emit('data', shared.subarray(0, bytes));
        return true;
      },
    },
  } as object);
  sharing.add(socket);
  return socket;
}

/** Whether this Node can do it: one connection on loopback that says something, stops, says more and ends. */
export async function canReadShared(): Promise<boolean> {
  const server = createServer({ pauseOnConnect: true });
  try {
    return await tries(server);
  } catch {
    return false;
  } finally {
    server.close();
  }
}

const TRIAL_MS_MAX = 2000;

function tries(server: Server): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), TRIAL_MS_MAX);
    const done = (isGood: boolean) => {
      clearTimeout(timer);
      resolve(isGood);
    };
    server.on('error', () => done(false));
    server.on('connection', (accepted) => {
      const socket = readingShared(accepted);
      let text = '';
      socket.on('error', () => done(false));
      socket.on('data', (bytes: Buffer) => {
        if (bytes.buffer !== shared.buffer) done(false);
        text += bytes.toString('latin1');
        socket.pause();
        setImmediate(() => socket.resume());
        if (text === 'a') socket.write('b');
      });
      socket.on('end', () => done(text === 'ac' && socket.remoteAddress !== ''));
    });
    server.listen(0, '127.0.0.1', () => {
      const client = connect((server.address() as { port: number }).port, '127.0.0.1');
      client.on('error', () => done(false));
      client.on('data', () => client.end('c'));
      client.write('a');
    });
  });
}
