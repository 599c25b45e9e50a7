import type { Duplex } from 'node:stream';
import type { Intake, SourceTable } from '@humtemp/intake';
import { Aedes, type Client, type Subscription } from 'aedes';
import type { Logger } from 'pino';
import { type AccessControl, OPEN_ACCESS, type ReloadableAccess } from './access/access-control.js';
import { Admission } from './connection/admission.js';
import { Connection } from './connection/connection.js';
import { ConnectionGate } from './connection/connection-gate.js';
import { ConnectionLog } from './connection/connection-log.js';
import { type BrokerCounters, newCounters } from './counters.js';
import { clientInternalsOf, internalsOf, renewKeepAlive } from './engine/aedes-internals.js';
import { CopyTraffic } from './lanes/observation-copies.js';
import { SlowLane } from './lanes/slow-lane.js';
import type { BrokerLimits } from './limits.js';
import type { ListenerKind } from './listeners/listener.js';
import { type ListenerAddress, Listeners } from './listeners/listeners.js';
import { Sessions } from './sessions/sessions.js';
import { Deliveries } from './subscribers/deliveries.js';
import { SubscriptionIndex } from './subscribers/subscription-index.js';

export interface BrokerOptions {
  readonly listeners: readonly ListenerAddress[];
  /** PEM files for the listeners of TLS. They are read again when they change. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly sources: SourceTable;
  readonly intake: Intake;
  readonly limits: BrokerLimits;
  /** Closed with the broker. Default: everybody may do everything. */
  readonly access?: AccessControl | ReloadableAccess;
  /** Whether observations may go past aedes, which makes no difference but in speed. */
  readonly fastLane?: boolean;
  readonly log: Logger;
}

/** How often connections are looked after that cannot show that they are alive, or do not read. */
const CARE_MS = 500;
/** Bytes of a WebSocket message, where frames are shorter: clients put many into one. */
const WEB_SOCKET_MESSAGE_BYTES = 1024 * 1024;

/**
 * The embedded MQTT broker. Whichever lane an observation publish takes, it is acknowledged once intake has settled it:
 *
 *     listener ──▶ publish tap ──fast lane: observations at QoS 0 and 1──▶ intake ──committed, somebody subscribes──┐
 *                    │                                                                                            ▼
 *                    └──everything else──▶ aedes ──authorizePublish, slow lane──▶ intake                        aedes
 *
 * On the fast lane the tap writes the PUBACK; on the slow lane aedes does, after authorizePublish has called back.
 * Connections, subscriptions, wills and QoS 2 are aedes' own.
 */
export class Broker {
  /** What became of publishes outside of the ledger. */
  readonly counters: BrokerCounters = newCounters();
  readonly #aedes: Aedes;
  readonly #log: ConnectionLog;
  /** Undefined: everybody may do everything. */
  readonly #access: AccessControl | undefined;
  readonly #admission: Admission;
  readonly #traffic: CopyTraffic;
  readonly #hasSession: (client: Client) => boolean;
  readonly #connections = new Set<Connection>();
  readonly #connectionOf = new WeakMap<Client, Connection>();
  readonly #care: NodeJS.Timeout;
  #listeners: Listeners | undefined;

  private constructor(
    readonly options: BrokerOptions,
    aedes: Aedes,
  ) {
    const { sources, intake, limits, access = OPEN_ACCESS } = options;
    this.#aedes = aedes;
    this.#log = new ConnectionLog(options.log);
    this.#access = access === OPEN_ACCESS ? undefined : access;
    const connectionOf = (client: Client) => this.#connectionOf.get(client);
    const index = new SubscriptionIndex();
    const granted = new WeakSet<Subscription>();
    const { counters } = this;
    const sessions = this.#openSessions(index, granted);
    const slowLane = new SlowLane({ aedes, sources, intake, sessions, counters, connectionOf });
    this.#hasSession = ({ id, clean }) => !clean && (sessions.has(id) || slowLane.isReceiving(id));
    new Deliveries({ aedes, index, sessions, granted, counters, connectionOf });
    this.#traffic = new CopyTraffic({
      intake,
      index,
      publish: ({ topic, payload, qos, isRetained }, done) =>
        aedes.publish({ cmd: 'publish', topic, payload, qos, dup: false, retain: isRetained }, () => done()),
      onRoom: () => {
        for (const { tap } of this.#connections) tap.readOn();
      },
    });
    this.#admission = new Admission({ aedes, access: this.#access, limits, connectionOf });
    const onError = (client: Client, error: Error) =>
      connectionOf(client)?.tell('connection ended', error.message.replace(/^connection ended: /, ''));
    aedes.on('clientError', onError);
    aedes.on('connectionError', onError);
    this.#care = setInterval(() => this.#takeCare(), CARE_MS);
    this.#care.unref();
  }

  /** Listens and serves. @throws ListenError, CertificateError */
  static async start(options: BrokerOptions): Promise<Broker> {
    const { connectTimeoutMs, topicLevelsMax } = options.limits;
    const aedes = await Aedes.createBroker({
      connectTimeout: connectTimeoutMs,
      maxTopicLevels: topicLevelsMax,
      // Backlog and PublishQueue have their own.
      drainTimeout: 0,
      concurrency: 0,
      // It would end a connection whose publishes intake has counted.
      maxInflightInbound: 0,
    });
    // It would publish the wills of brokers that share a persistence with this one, after a jump of the clock its own.
    clearInterval(internalsOf(aedes)._clearWillInterval);
    const broker = new Broker(options, aedes);
    try {
      await broker.#listen();
    } catch (error) {
      await broker.close();
      throw error;
    }
    return broker;
  }

  /** What listens on which port. */
  get listeners(): readonly { readonly kind: ListenerKind; readonly port: number }[] {
    return this.#listeners?.all.map(({ kind, port }) => ({ kind, port })) ?? [];
  }

  /** The port of a listener; 0 if there is none. */
  portOf(kind: ListenerKind): number {
    return this.listeners.find((listener) => listener.kind === kind)?.port ?? 0;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Reads certificate and access files again, as after SIGHUP. What fails goes to the log, and what was there stays. */
  async reload(): Promise<void> {
    const access = this.#access;
    await Promise.all([
      this.#listeners?.certificate?.reload(),
      access !== undefined && 'reload' in access ? (access as ReloadableAccess).reload() : undefined,
    ]);
    this.#takeCare();
  }

  /** Takes no new connections; those there are go on. */
  stopAccepting(): void {
    this.#listeners?.stopAccepting();
  }

  /** Takes no more publishes; those taken are still acknowledged. */
  stopReading(): void {
    for (const { tap } of this.#connections) tap.stopReading();
  }

  /** Disconnects everybody. */
  async close(): Promise<void> {
    clearInterval(this.#care);
    this.#listeners?.close();
    // It is not the clients that have gone.
    for (const { client } of this.#connections) clientInternalsOf(client).will = null;
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    for (const { tap } of this.#connections) tap.destroy();
    this.#access?.close();
    this.#log.close();
  }

  async #listen(): Promise<void> {
    const { limits, listeners, certificate, log } = this.options;
    this.#listeners = await Listeners.start({
      addresses: listeners,
      certificate: certificate && {
        ...certificate,
        onReload: () => log.info('the certificate has changed; new connections get the new one'),
        onError: ({ message }) => log.error({ reason: message }, 'the certificate stays as it was'),
      },
      gate: new ConnectionGate(limits.connectionsMax, limits.connectionsPerAddressMax),
      handshakeTimeoutMs: limits.connectTimeoutMs,
      messageBytesMax: Math.max(limits.frameBytesMax, WEB_SOCKET_MESSAGE_BYTES),
      onConnection: (transport, address) => this.#accept(transport, address),
      onRefused: (address, reason) => {
        this.counters.connectionsRefused += 1;
        this.#log.warn('connection refused', { address }, reason);
      },
    });
  }

  #openSessions(index: SubscriptionIndex, granted: WeakSet<Subscription>): Sessions {
    const { counters } = this;
    const { limits, log } = this.options;
    const internals = internalsOf(this.#aedes);
    const sessions = new Sessions(internals.persistence, {
      limits,
      index,
      isGranted: (subscription) => granted.has(subscription),
      onQueueFull: (client, isFirst) => {
        counters.queuedDropped += 1;
        if (isFirst)
          log.warn({ client }, 'a session has its fill of publishes; further ones are dropped for it');
      },
      onRetainedFull: (topic) => {
        counters.retainedDropped += 1;
        if (isPowerOf2(counters.retainedDropped))
          log.warn({ topic, dropped: counters.retainedDropped }, 'no room for a retained publish');
      },
      onForgotten: (client) => {
        counters.sessionsForgotten += 1;
        if (isPowerOf2(counters.sessionsForgotten))
          log.warn(
            { client, forgotten: counters.sessionsForgotten },
            'too many sessions: the one that was away the longest is gone',
          );
      },
    });
    internals.persistence = sessions;
    this.#aedes.on('client', (client) => sessions.arrive(client));
    this.#aedes.on('clientDisconnect', (client) => sessions.leave(client));
    return sessions;
  }

  #accept(transport: Duplex, address: string): void {
    const { sources, intake, limits, fastLane = true } = this.options;
    const connection = new Connection({
      aedes: this.#aedes,
      transport,
      address,
      sources,
      intake,
      limits,
      access: this.#access,
      traffic: this.#traffic,
      hasSession: this.#hasSession,
      fastLane,
      log: this.#log,
    });
    this.#connections.add(connection);
    this.#connectionOf.set(connection.client, connection);
    connection.tap.once('close', () => this.#connections.delete(connection));
  }

  #takeCare(): void {
    const nowMs = performance.now();
    for (const connection of this.#connections) {
      // It is not read from, so it cannot show that it is alive.
      if (connection.tap.isHeldBack) renewKeepAlive(connection.client);
      if (connection.backlog.fullForMs(nowMs) > this.options.limits.subscriberTimeoutMs)
        connection.end('it does not read');
    }
    this.#admission.endStale(this.#connections);
  }
}

/** For what is told the first time, and each time its number has doubled. */
function isPowerOf2(count: number): boolean {
  return (count & (count - 1)) === 0;
}
