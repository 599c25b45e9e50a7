import { connect, createServer, type Server, type Socket } from 'node:net';
import { acceptHandles } from './accept-handles.js';
import { HAS_HANDLES, type HandleTransport } from './handle-transport.js';

/** Takes some milliseconds; on a machine that is as busy as can be, seconds. */
const TRIAL_MS_MAX = 10_000;
/** More than the kernel takes at once. */
const MUCH_BYTES = 8 * 1024 * 1024;

let answer: Promise<boolean> | undefined;

/**
 * Whether this Node can do what a HandleTransport needs, for which it has no public way: one connection on loopback, on
 * which both sides say something, wait for each other, and end. Tried once in a process.
 */
export function canUseHandles(): Promise<boolean> {
  answer ??= tryOnce();
  return answer;
}

async function tryOnce(): Promise<boolean> {
  if (!HAS_HANDLES) return false;
  const server = createServer();
  try {
    return await isGood(server);
  } catch {
    return false;
  } finally {
    server.close();
  }
}

function isGood(server: Server): Promise<boolean> {
  return new Promise((resolve) => {
    let client: Socket | undefined;
    const done = (isFine: boolean) => {
      clearTimeout(timer);
      client?.destroy();
      resolve(isFine);
    };
    const timer = setTimeout(() => done(false), TRIAL_MS_MAX);
    server.on('error', () => done(false));
    // Node has accepted it all the same.
    server.on('connection', () => done(false));
    let got = 0;
    const onAccepted = (transport: HandleTransport, address: string | undefined) => {
      const trial = serve(transport);
      trial.closed.then(
        () => done(address === '127.0.0.1' && trial.text() === 'ac' && got === MUCH_BYTES + 1),
        () => done(false),
      );
    };
    server.listen(0, '127.0.0.1', () => {
      acceptHandles(server, { keepAliveS: 60, onAccepted });
      client = connect((server.address() as { port: number }).port, '127.0.0.1');
      client.on('error', () => done(false));
      client.on('data', (bytes) => {
        got += bytes.length;
        if (got === MUCH_BYTES + 1) client!.end('c');
      });
      client.write('a');
    });
  });
}

/** Says much, then, when that has gone, one byte more. */
function serve(transport: HandleTransport): { readonly closed: Promise<void>; readonly text: () => string } {
  let text = '';
  const closed = new Promise<void>((resolve, reject) => {
    transport.observe({
      onReceived: (bytes) => {
        text += bytes.toString('latin1');
        transport.pause();
        setImmediate(() => transport.resume());
        if (text === 'a' && transport.write(Buffer.alloc(MUCH_BYTES))) reject(new Error('it was never full'));
      },
      onDrained: () => transport.write(Buffer.from('b')),
      onEnd: () => {},
      onFailure: reject,
      onClosed: resolve,
    });
  });
  return { closed, text: () => text };
}
