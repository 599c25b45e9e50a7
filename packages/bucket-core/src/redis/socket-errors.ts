import type { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';

/** What makes the sockets of a client, for which ioredis has no public name. */
interface Connecting {
  readonly connector: { connect: (...told: unknown[]) => Promise<EventEmitter> };
}

/**
 * Has every error of a client's sockets heard. ioredis (6.0.0) hears the first of each socket; another one, as Node 24 has it when a
 * TLS handshake with a server that is not trusted is given up, would end the process. To be called before it connects.
 */
export function hearEveryError(redis: Redis): void {
  const { connector } = redis as unknown as Connecting;
  const connect = connector.connect.bind(connector);
  connector.connect = async (...told) => {
    const socket = await connect(...told);
    // The first one is reported by ioredis.
    socket.on('error', () => {});
    return socket;
  };
}
