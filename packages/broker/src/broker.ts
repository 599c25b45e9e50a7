import { createServer, type Server, type Socket } from 'node:net';
import type { Intake, TopicFilters } from '@humtemp/intake';
import { Aedes, type AedesOptions, type Client } from 'aedes';
import type { Logger } from 'pino';

export interface BrokerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly filters: TopicFilters;
  readonly intake: Intake;
  readonly connectionsMax: number;
  readonly log: Logger;
}

/** Time a connection has to send its CONNECT. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Time a subscriber may leave its socket full before it is disconnected. */
const DRAIN_TIMEOUT_MS = 30_000;

/**
 * The embedded MQTT broker. An observation publish is acknowledged once intake has settled it: aedes sends the PUBACK
 * after authorizePublish has called back. Everything else is aedes' own.
 */
export class Broker {
  readonly #aedes: Aedes;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(
    readonly options: BrokerOptions,
    aedes: Aedes,
  ) {
    this.#aedes = aedes;
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    this.#server.maxConnections = options.connectionsMax;
    aedes.on('clientError', (client: Client, error: Error) =>
      options.log.warn({ client: client.id, error: error.message }, 'client disconnected for an error'),
    );
    aedes.on('connectionError', (_: Client, error: Error) =>
      options.log.warn({ error: error.message }, 'connection ended before it became a client'),
    );
  }

  /** Listens and serves. @throws the listen error: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
  static async start(options: BrokerOptions): Promise<Broker> {
    const aedes = await Aedes.createBroker(aedesOptions(options));
    const broker = new Broker(options, aedes);
    try {
      await broker.#listen();
    } catch (error) {
      aedes.close();
      throw error;
    }
    return broker;
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Takes no new connections; those there are go on. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Disconnects everybody. */
  async close(): Promise<void> {
    this.stopAccepting();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
  }

  async #listen(): Promise<void> {
    const { host, port } = this.options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }
}

function aedesOptions({ filters, intake }: BrokerOptions): AedesOptions {
  return {
    connectTimeout: CONNECT_TIMEOUT_MS,
    drainTimeout: DRAIN_TIMEOUT_MS,
    authorizePublish: (_client, packet, callback) => {
      if (packet.topic.startsWith('$')) {
        callback(new Error(`topics that start with $ are the broker's own: ${packet.topic}`));
        return;
      }
      const lab = filters.labOf(packet.topic);
      if (lab === undefined) {
        callback(null);
        return;
      }
      intake.receive(lab, bytesOf(packet.payload), packet.topic, packet.retain);
      intake.afterSettled(() => callback(null));
    },
    authorizeSubscribe: (_client, subscription, callback) => {
      // aedes would grant a shared subscription and then deliver nothing; null is answered with 0x80, failure.
      callback(null, subscription.topic.startsWith('$share/') ? null : subscription);
    },
  };
}

function bytesOf(payload: Buffer | string): Buffer {
  return typeof payload === 'string' ? Buffer.from(payload) : payload;
}
