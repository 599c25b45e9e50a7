import { connect, type Socket } from 'node:net';
import mqttPacket from 'mqtt-packet';

const ACCEPTED_MS_MAX = 30_000;
/** CONNECTs on their way at the same time. */
const OPENING_MAX = 100;

export const DISCONNECT = Buffer.from([0xe0, 0]);
export const PINGREQ = Buffer.from([0xc0, 0]);

/** Everything read goes through here, one connection after the other: reading then costs the load no memory. */
const shared = Buffer.alloc(65_536);

/** The bytes are valid during the call only. */
export type OnBytes = (bytes: Buffer) => void;

/**
 * A bare socket on which a broker has accepted us: MQTT 3.1.1, clean session.
 * @throws if the broker refuses, hangs up or does not answer.
 */
export function openConnection(
  port: number,
  clientId: string,
  onBytes: OnBytes,
  keepAliveS = 60,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    let accepted = false;
    const socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length: number) => {
          const bytes = shared.subarray(0, length);
          if (accepted) onBytes(bytes);
          else if (length === 4 && bytes[0] === 0x20 && bytes[3] === 0) {
            accepted = true;
            clearTimeout(limit);
            resolve(socket);
          } else fail(`the broker answered ${bytes.toString('hex')} to CONNECT`);
          return true;
        },
      },
    });
    const fail = (reason: string) => {
      reject(new Error(`${clientId}: ${reason}`));
      socket.destroy();
    };
    const limit = setTimeout(() => fail('no answer to CONNECT'), ACCEPTED_MS_MAX);
    socket.on('connect', () => socket.write(connectFrame(clientId, keepAliveS)));
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => {
      clearTimeout(limit);
      fail('the broker hung up');
    });
  });
}

/** Opens many, at most a hundred at a time. @throws if one cannot be opened. */
export async function openConnections<T>(count: number, open: (index: number) => Promise<T>): Promise<T[]> {
  const opened: T[] = [];
  while (opened.length < count) {
    const wave = Math.min(OPENING_MAX, count - opened.length);
    opened.push(...(await Promise.all(Array.from({ length: wave }, (_, i) => open(opened.length + i)))));
  }
  return opened;
}

function connectFrame(clientId: string, keepAliveS: number): Buffer {
  return mqttPacket.generate({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId,
    keepalive: keepAliveS,
  });
}
