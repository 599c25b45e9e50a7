import { createServer, type Server, type Socket } from 'node:net';
import { type Intake, PublishTap, type TopicFilters } from '@humtemp/intake';
import { Aedes, type Client, type PublishPacket } from 'aedes';
import type { Logger } from 'pino';
import { SubscriptionWatch } from './subscription-watch.js';

export interface BrokerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly filters: TopicFilters;
  readonly intake: Intake;
  readonly connectionsMax: number;
  /** Bytes of a frame; a longer one ends the connection. */
  readonly frameBytesMax: number;
  /** Whether observations may go past aedes, where that makes no difference but in speed. */
  readonly fastLane: boolean;
  readonly log: Logger;
}

/** Time a connection has to send its CONNECT. */
const CONNECT_TIMEOUT_MS = 10_000;
/** Time a subscriber may leave its socket full before it is disconnected. */
const DRAIN_TIMEOUT_MS = 30_000;
/** How often the keep-alive of connections that we do not read from is renewed. */
const HELD_BACK_CHECK_MS = 500;

/**
 * The embedded MQTT broker. Whichever lane an observation publish takes, it is acknowledged once intake has settled it:
 *
 *     socket ──▶ publish tap ──fast lane: QoS 0 and 1, not retained, nobody subscribes──▶ intake
 *                    │
 *                    └──everything else──▶ aedes ──authorizePublish, slow lane──▶ intake
 *
 * On the fast lane the tap writes the PUBACK; on the slow lane aedes does, after authorizePublish has called back.
 * Connections, sessions, subscriptions, wills and QoS 2 are aedes' own.
 */
export class Broker {
  readonly #aedes: Aedes;
  readonly #server: Server;
  readonly #subscriptions: SubscriptionWatch;
  readonly #taps = new Map<PublishTap, Client>();
  /** Clients that aedes has accepted. */
  readonly #accepted = new WeakSet<Client>();
  /** QoS 2 publishes that intake has and aedes has not stored yet. */
  readonly #receiving = new Set<string>();
  readonly #heldBackCheck: NodeJS.Timeout;

  private constructor(
    readonly options: BrokerOptions,
    aedes: Aedes,
  ) {
    this.#aedes = aedes;
    this.#subscriptions = new SubscriptionWatch(aedes);
    aedes.authorizePublish = (client, packet, callback) => this.#authorizePublish(client, packet, callback);
    aedes.authorizeSubscribe = (_client, subscription, callback) => {
      // aedes would grant a shared subscription and then deliver nothing; null is answered with 0x80, failure.
      callback(null, subscription.topic.startsWith('$share/') ? null : subscription);
    };
    aedes.on('clientReady', (client) => this.#accepted.add(client));
    aedes.on('clientError', (client, error) =>
      options.log.warn({ client: client.id, error: error.message }, 'client disconnected for an error'),
    );
    aedes.on('connectionError', (_client, error) =>
      options.log.warn({ error: error.message }, 'connection ended before it became a client'),
    );
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    this.#server.maxConnections = options.connectionsMax;
    this.#heldBackCheck = setInterval(() => this.#keepHeldBackAlive(), HELD_BACK_CHECK_MS);
    this.#heldBackCheck.unref();
  }

  /** Listens and serves. @throws the listen error: EADDRINUSE, EACCES, EADDRNOTAVAIL. */
  static async start(options: BrokerOptions): Promise<Broker> {
    const aedes = await Aedes.createBroker({
      connectTimeout: CONNECT_TIMEOUT_MS,
      drainTimeout: DRAIN_TIMEOUT_MS,
    });
    const broker = new Broker(options, aedes);
    try {
      await broker.#listen();
    } catch (error) {
      clearInterval(broker.#heldBackCheck);
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
    return this.#taps.size;
  }

  /** Takes no new connections; those there are go on. */
  stopAccepting(): void {
    this.#server.close();
  }

  /** Takes no more publishes; those taken are still acknowledged. */
  stopReading(): void {
    for (const tap of this.#taps.keys()) tap.stopReading();
  }

  /** Disconnects everybody. */
  async close(): Promise<void> {
    this.stopAccepting();
    clearInterval(this.#heldBackCheck);
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const tap of this.#taps.keys()) tap.destroy();
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

  #accept(socket: Socket): void {
    const { filters, intake, frameBytesMax, fastLane } = this.options;
    const tap = new PublishTap({
      transport: socket,
      protocolVersion: 4,
      filters,
      intake,
      frameBytesMax,
      takeRetained: false,
      isTaking: () => fastLane && this.#accepted.has(client) && this.#subscriptions.nobodySubscribes,
      onTaken: () => renewKeepAlive(client),
    });
    const client = this.#aedes.handle(tap);
    this.#taps.set(tap, client);
    tap.once('close', () => this.#taps.delete(tap));
  }

  /** The slow lane. */
  #authorizePublish(
    client: Client | null,
    packet: PublishPacket,
    callback: (error?: Error | null) => void,
  ): void {
    if (packet.topic.startsWith('$')) {
      callback(new Error(`topics that start with $ are the broker's own: ${packet.topic}`));
      return;
    }
    const lab = this.options.filters.labOf(packet.topic);
    if (lab === undefined) callback(null);
    else if (packet.qos === 2 && client !== null)
      this.#receiveOnce(client, lab, packet, () => callback(null));
    else {
      this.#receive(lab, packet);
      this.options.intake.afterSettled(() => callback(null));
    }
  }

  /** Of QoS 2, what was received already and not released yet is the same publish again [MQTT-4.3.3-2]. */
  #receiveOnce(client: Client, lab: string, packet: PublishPacket, settled: () => void): void {
    const { intake } = this.options;
    const name = `${packet.messageId} ${client.id}`;
    const isKnown = this.#receiving.has(name)
      ? Promise.resolve(true)
      : storedPublish(this.#aedes, client, packet).then(
          () => true,
          () => false,
        );
    this.#receiving.add(name);
    void isKnown.then((known) => {
      if (!known) this.#receive(lab, packet);
      intake.afterSettled(() => {
        settled();
        // aedes has stored it by the next turn of the event loop.
        setImmediate(() => this.#receiving.delete(name));
      });
    });
  }

  #receive(lab: string, { payload, topic, retain }: PublishPacket): void {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    this.options.intake.receive(lab, bytes, topic, retain);
  }

  /** A client that we do not read from cannot show that it is alive. */
  #keepHeldBackAlive(): void {
    for (const [tap, client] of this.#taps) if (tap.isHeldBack) renewKeepAlive(client);
  }
}

/** Resolves if aedes holds this QoS 2 publish, received and not released yet; rejects if not. */
function storedPublish(aedes: Aedes, client: Client, packet: PublishPacket): Promise<unknown> {
  const { persistence } = aedes as unknown as {
    readonly persistence: { incomingGetPacket(client: Client, packet: PublishPacket): Promise<unknown> };
  };
  return persistence.incomingGetPacket(client, packet);
}

/** As aedes does at each packet that it sees; it has no public way to tell it of the others. */
function renewKeepAlive(client: Client): void {
  (client as unknown as { readonly _keepaliveTimer: NodeJS.Timeout | null })._keepaliveTimer?.refresh();
}
