import {
  type Intake,
  type PublishTapOptions,
  SinglePublishes,
  type SourceTable,
  type TapPolicy,
} from '@humtemp/intake';
import type { Logger } from 'pino';
import { type AccessControl, OPEN_ACCESS, type ReloadableAccess } from './access/access-control.js';
import { type Budgets, budgetsOf } from './budgets/budgets.js';
import { ownerOfAddress } from './budgets/owner.js';
import { ClientRegistry } from './client/client-registry.js';
import { Admission } from './connection/admission.js';
import { Arrivals } from './connection/arrivals.js';
import { ClientFights } from './connection/client-fights.js';
import { clientIdOf } from './connection/client-key.js';
import { Connection, type ConnectionHub } from './connection/connection.js';
import { ConnectionGate } from './connection/connection-gate.js';
import { ConnectionLog } from './connection/connection-log.js';
import { ReadTurns } from './connection/read-turns.js';
import { SensorWatch } from './connection/sensor-watch.js';
import { ServingClock } from './connection/serving-clock.js';
import { StrangerTurns } from './connection/stranger-turns.js';
import { type BrokerCounters, newCounters } from './counters.js';
import { AedesEngine } from './engine/aedes-engine.js';
import { engineAnswers } from './engine/engine-answers.js';
import { CopyTraffic } from './lanes/copy-traffic.js';
import { ObservationCopies } from './lanes/observation-copies.js';
import { SlowLane } from './lanes/slow-lane.js';
import type { BrokerLimits } from './limits.js';
import { canUseHandles } from './listeners/can-use-handles.js';
import { writeToPort } from './listeners/handle-transport.js';
import type { ListenerKind } from './listeners/listener.js';
import { type ListenerAddress, Listeners } from './listeners/listeners.js';
import type { PageRule } from './listeners/web-socket-door.js';
import { DelayedWills } from './mqtt5/delayed-wills.js';
import { RetainedPublishes } from './sessions/retained-publishes.js';
import { Sessions } from './sessions/sessions.js';
import { Deliveries } from './subscribers/deliveries.js';
import { FanOut } from './subscribers/fan-out.js';
import type { Grant } from './subscribers/grant.js';
import type { Outbox } from './subscribers/outbox.js';
import { Subscriptions } from './subscribers/shared-group.js';
import type { Subscriber } from './subscribers/subscriber.js';
import { SubscriptionIndex } from './subscribers/subscription-index.js';

export interface BrokerOptions {
  readonly listeners: readonly ListenerAddress[];
  /** PEM files for the listeners of TLS. They are read again when they change. */
  readonly certificate?: { readonly certFile: string; readonly keyFile: string } | undefined;
  readonly sources: SourceTable;
  readonly intake: Intake;
  readonly limits: BrokerLimits;
  /** Which pages may open a WebSocket, by the headers of its request. Default: all. */
  readonly pageProblem?: PageRule | undefined;
  /** Closed with the broker. Default: everybody may do everything. */
  readonly access?: AccessControl | ReloadableAccess;
  /** The topic of a lab's observations: who may not publish there may not name the lab in a payload. Default: labs/LAB/observation. */
  readonly topicOfLab?: ((lab: string) => string) | undefined;
  /** Whether observations may go past who speaks with the client, which makes no difference but in speed. */
  readonly fastLane?: boolean;
  /** Whether plain connections go without the streams of Node where that works, which makes no difference but in speed. */
  readonly handles?: boolean;
  readonly log: Logger;
}

/** How often connections are looked after that cannot show that they are alive, or do not read. */
const CARE_MS = 500;
/** Bytes of a WebSocket message, where frames are shorter: clients put many into one. */
const WEB_SOCKET_MESSAGE_BYTES = 1024 * 1024;

const observationTopic = (lab: string) => `labs/${lab}/observation`;

/**
 * The embedded MQTT broker. Whichever lane an observation publish takes, it is acknowledged once intake has settled it:
 *
 *     CONNECT ──▶ publish tap ──fast lane: observations at QoS 0 and 1──▶ intake ──committed, somebody subscribes──┐
 *                    │                                                                                            ▼
 *                    └──everything else──▶ client ──slow lane──▶ intake ──committed──▶ client ────────────▶ deliveries
 *
 * On the fast lane the tap writes the PUBACK; on the slow lane the client's other end here does: one of ours, or of aedes. What aedes
 * asks, `engine/` answers.
 */
export class Broker {
  /** What became of publishes outside of the ledger. */
  readonly counters: BrokerCounters = newCounters();
  /** Memory that is kept for clients. */
  readonly budgets: Budgets;
  readonly #log: ConnectionLog;
  /** Undefined: everybody may do everything. */
  readonly #access: AccessControl | undefined;
  readonly #gate: ConnectionGate;
  readonly #clock = new ServingClock();
  readonly #sensors: SensorWatch;
  readonly #strangers: StrangerTurns;
  readonly #fights = new ClientFights();
  readonly #sessions: Sessions;
  readonly #slowLane: SlowLane;
  readonly #deliveries: Deliveries;
  readonly #traffic: CopyTraffic;
  readonly #admission: Admission;
  /** Those that have not said who they are. */
  #arrivals: Arrivals | undefined;
  readonly #connections = new Set<Connection>();
  readonly #connectionOf = new WeakMap<object, Connection>();
  readonly #wills = new DelayedWills();
  readonly #registry: ClientRegistry;
  /** Outboxes that have something to write at the end of this turn. */
  #outgoing = new Set<Outbox>();
  #isFlushing = false;
  #engine: AedesEngine | undefined;
  #care: NodeJS.Timeout | undefined;
  #listeners: Listeners | undefined;

  private constructor(readonly options: BrokerOptions) {
    const { sources, intake, limits, access = OPEN_ACCESS } = options;
    const { counters } = this;
    this.budgets = budgetsOf(limits.memoryBytesMax);
    const { budgets } = this;
    this.#log = new ConnectionLog(options.log);
    this.#access = access === OPEN_ACCESS ? undefined : access;
    this.#gate = new ConnectionGate(limits);
    this.#sensors = new SensorWatch(intake);
    this.#strangers = new StrangerTurns(undefined, this.#sensors);
    const index = new SubscriptionIndex<Subscriber, Grant>();
    const subscriptions = new Subscriptions(index);
    this.#sessions = this.#newSessions(subscriptions);
    this.#slowLane = new SlowLane({
      sources,
      intake,
      sessions: this.#sessions,
      counters,
      budget: budgets.receipts,
    });
    const fanOut = new FanOut((isFull) => this.#traffic.late(isFull));
    this.#deliveries = new Deliveries({
      subscriptions,
      sessions: this.#sessions,
      retained: new RetainedPublishes(limits, budgets.retained),
      fanOut,
      budget: budgets.subscriptions,
      subscriptionsPerClientMax: limits.subscriptionsPerClientMax,
      onRetainedFull: (topic) => {
        counters.retainedDropped += 1;
        if (isPowerOf2(counters.retainedDropped))
          options.log.warn({ topic, dropped: counters.retainedDropped }, 'no room for a retained publish');
      },
    });
    this.#traffic = new CopyTraffic({
      intake,
      index,
      publish: ({ topic, payload, qos, isRetained: retain }, publisher, done) =>
        this.#deliveries.publish(
          { topic, payload, qos, retain, owner: publisher.owner, publisher, from: publisher.clientKey },
          done,
        ),
      onChange: () => this.#readOn(),
    });
    this.#registry = new ClientRegistry(
      (id) => this.#engine?.clientOf(id),
      (before, client) => this.#takeOver(this.#connectionOf.get(before)!, this.#connectionOf.get(client)!),
    );
    this.#admission = new Admission({
      access: this.#access,
      limits,
      gate: this.#gate,
      budget: budgets.connects,
    });
  }

  /** Delivers a publish of our own to subscribers, at QoS 0. Intake does not see it. */
  publish(topic: string, payload: Uint8Array): void {
    const handed = { topic, payload: Buffer.from(payload), qos: 0, retain: false } as const;
    this.#deliveries.publish({ ...handed, owner: '', publisher: this });
  }

  /** Listens and serves. @throws ListenError, CertificateError */
  static async start(options: BrokerOptions): Promise<Broker> {
    const broker = new Broker(options);
    try {
      await broker.#start();
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

  /** How many sessions are kept, by where their client is. */
  get sessions(): Sessions['counts'] {
    return this.#sessions.counts;
  }

  get connections(): number {
    return this.#connections.size + (this.#arrivals?.count ?? 0);
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
    this.#arrivals?.close();
    for (const { tap } of this.#connections) tap.stopReading();
  }

  /** Disconnects everybody. */
  async close(): Promise<void> {
    clearInterval(this.#care);
    this.#listeners?.close();
    this.#registry.close();
    await this.#engine?.close();
    this.#arrivals?.close();
    for (const { tap } of this.#connections) tap.destroy();
    this.#access?.close();
    this.#log.close();
  }

  async #start(): Promise<void> {
    const { sources, intake, limits, fastLane = true, topicOfLab = observationTopic } = this.options;
    const { budgets } = this;
    const turns = new ReadTurns(
      () => this.#readOn(),
      () => intake.nowMs,
      undefined,
      this.#sensors,
    );
    this.#engine = await AedesEngine.start(
      limits,
      engineAnswers({
        connectionOf: (client) => this.#connectionOf.get(client),
        admission: this.#admission,
        registry: this.#registry,
        wills: this.#wills,
        sessions: this.#sessions,
        slowLane: this.#slowLane,
        deliveries: this.#deliveries,
        onTakeOver: (before, connection) => this.#takeOver(before, connection),
      }),
    );
    const tapOptions: PublishTapOptions = {
      protocolVersion: 4,
      sources,
      intake,
      frameBytesMax: limits.frameBytesMax,
      takeRetained: true,
      takesPublishes: fastLane,
      onTaken: () => this.#sensors.took(),
    };
    const noCopies = new ObservationCopies(this.#traffic, { clientKey: '', owner: '' }, () => {});
    const hub: ConnectionHub = {
      engine: this.#engine,
      clients: {
        admission: this.#admission,
        sessions: this.#sessions,
        slowLane: this.#slowLane,
        deliveries: this.#deliveries,
        registry: this.#registry,
        wills: this.#wills,
        limits,
      },
      tapOptions,
      outboxLimits: { bytesMax: limits.subscriberBytesMax, budget: budgets.output, clock: this.#clock },
      limits,
      budgets,
      access: this.#access,
      topicOfLab,
      traffic: this.#traffic,
      noCopies,
      turns,
      singles: fastLane
        ? new SinglePublishes(tapOptions, turns, writeToPort, {
            policy: this.#access === undefined ? openPolicy(noCopies) : undefined,
            clock: this.#clock,
          })
        : undefined,
      strangers: this.#strangers,
      hasSession: ({ id, clean }) => !clean && (this.#sessions.has(id) || this.#slowLane.isReceiving(id)),
      counters: this.counters,
      clock: this.#clock,
      log: this.#log,
      onOutgoing: (outbox) => this.#flushLater(outbox),
      onClient: (connection, client) => this.#connectionOf.set(client, connection),
      onClosed: (connection) => this.#leave(connection),
    };
    this.#care = setInterval(() => this.#takeCare(), CARE_MS);
    this.#care.unref();
    await this.#listen(hub);
  }

  async #listen(hub: ConnectionHub): Promise<void> {
    const { limits, listeners, certificate, pageProblem, handles = true, log } = this.options;
    const arrivals = new Arrivals({
      limits,
      budget: this.budgets.unfinished,
      clock: this.#clock,
      log: this.#log,
      turns: this.#strangers,
      onConnect: (transport, address, connect, behind) => {
        this.#connections.add(new Connection(hub, transport, address, connect, behind));
      },
    });
    this.#arrivals = arrivals;
    this.#listeners = await Listeners.start({
      addresses: listeners,
      certificate: certificate && {
        ...certificate,
        onReload: () => log.info('the certificate has changed; new connections get the new one'),
        onError: ({ message }) => log.error({ reason: message }, 'the certificate stays as it was'),
      },
      gate: this.#gate,
      turns: this.#strangers,
      handshakeTimeoutMs: limits.connectTimeoutMs,
      pageProblem,
      mayUseHandles: handles && (await this.#triedHandles()),
      messageBytesMax: Math.max(limits.frameBytesMax, WEB_SOCKET_MESSAGE_BYTES),
      onConnection: (transport, address) => arrivals.add(transport, address),
      onRefused: (address, reason) => {
        this.counters.connectionsRefused += 1;
        this.#log.warn('connection refused', { address }, reason);
      },
    });
  }

  /** Whether plain connections can go without the streams of Node, which is tried; says so if not. */
  async #triedHandles(): Promise<boolean> {
    const isGood = await canUseHandles();
    if (!isGood)
      this.options.log.warn(
        'plain connections go through the streams of Node, which takes more CPU and memory: a trial without them failed',
      );
    return isGood;
  }

  #leave(connection: Connection): void {
    this.#connections.delete(connection);
    this.#deliveries.leave(connection);
    this.#admission.leave(connection);
  }

  #newSessions(subscriptions: Subscriptions): Sessions {
    const { counters, budgets } = this;
    const { limits, log } = this.options;
    return new Sessions({
      limits,
      budgets,
      subscriptions,
      ownerOf: (client) => this.#connectionOf.get(client)?.owner ?? ownerOfAddress('unknown'),
      onQueueFull: (key, isFirst) => {
        counters.queuedDropped += 1;
        if (isFirst)
          log.warn(
            { client: clientIdOf(key) },
            'a session has its fill of publishes; further ones are dropped for it',
          );
      },
      onForgotten: (key) => {
        counters.sessionsForgotten += 1;
        if (isPowerOf2(counters.sessionsForgotten))
          log.warn(
            { client: clientIdOf(key), forgotten: counters.sessionsForgotten },
            'too many sessions: the one that was away the longest is gone',
          );
      },
    });
  }

  #takeOver(before: Connection, connection: Connection): void {
    this.counters.takenOver += 1;
    if (!this.#fights.takeOver(connection.client.id)) return;
    this.counters.fights += 1;
    const addresses =
      before.address === connection.address ? before.address : `${before.address} and ${connection.address}`;
    this.#log.warn(
      'two clients fight over one client id',
      { address: connection.address, client: connection.clientId },
      `each connects again and ends the connection of the other, from ${addresses}: give each a client id of its own`,
    );
  }

  /** All connections look whether they may read. */
  #readOn(): void {
    for (const { tap } of this.#connections) tap.readOn();
  }

  #flushLater(outbox: Outbox): void {
    this.#outgoing.add(outbox);
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#isFlushing = false;
    if (outgoing.size === 0) return;
    this.#outgoing = new Set();
    for (const outbox of outgoing) outbox.flush();
  }

  #takeCare(): void {
    this.#clock.look();
    this.#sessions.endExpired(performance.now());
    this.#wills.look();
    this.#arrivals?.takeCare();
    for (const connection of this.#connections) connection.takeCare();
    this.#admission.endStale(this.#connections);
  }
}

/** Of connections that may publish everything, as fast as they like, and have no copies under way. */
function openPolicy(copies: ObservationCopies): TapPolicy {
  return { greeting: undefined, rate: undefined, rules: undefined, copies, copy: () => {} };
}

/** For what is logged the first time, and each time its number has doubled. */
function isPowerOf2(count: number): boolean {
  return (count & (count - 1)) === 0;
}
