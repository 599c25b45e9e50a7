import {
  type PublishCopy,
  PublishTap,
  type PublishTapOptions,
  type RefusalKind,
  type SinglePublishes,
  type TapGreeting,
  type TapPolicy,
  type TapRules,
  type TapTransport,
  type TapTurns,
} from '@humtemp/intake';
import type { AccessControl, ClientIdentity } from '../access/access-control.js';
import type { Budgets } from '../budgets/budgets.js';
import { Kept } from '../budgets/kept.js';
import { ownerOfAccount, ownerOfAddress } from '../budgets/owner.js';
import type { BrokerClient, ClientHub } from '../client/broker-client.js';
import type { BrokerCounters } from '../counters.js';
import type { AedesEngine } from '../engine/aedes-engine.js';
import type { EngineClient } from '../engine/engine-client.js';
import type { CopyTraffic } from '../lanes/copy-traffic.js';
import { ObservationCopies } from '../lanes/observation-copies.js';
import type { BrokerLimits } from '../limits.js';
import { Mqtt5Client } from '../mqtt5/mqtt5-client.js';
import { CODE_OF_REFUSAL, ReasonCode } from '../mqtt5/reason-code.js';
import { PlainClient } from '../mqtt311/plain-client.js';
import { readPlainConnect } from '../mqtt311/plain-connect.js';
import type { QueueEntry } from '../sessions/outgoing-queue.js';
import { PacketIds } from '../sessions/packet-ids.js';
import type { SessionConnection } from '../sessions/session.js';
import type { Grant } from '../subscribers/grant.js';
import { Outbox, type OutboxLimits } from '../subscribers/outbox.js';
import { AT_QOS_0, type Delivery, type OutgoingPublish } from '../subscribers/outgoing-publish.js';
import type { Subscriber } from '../subscribers/subscriber.js';
import type { Place } from './admission.js';
import { ConnackFlags } from './connack-flags.js';
import type { ConnectProblem } from './connect-problem.js';
import { versionOf } from './connect-version.js';
import { type CaredFor, ConnectionCare, wasHeardLately } from './connection-care.js';
import type { ConnectionLog } from './connection-log.js';
import { PublishPermissions } from './publish-permissions.js';
import { RatePause } from './rate-pause.js';
import type { ReadTurns } from './read-turns.js';
import type { ServingClock } from './serving-clock.js';
import type { StrangerTurns } from './stranger-turns.js';

/** What all connections of a broker share. */
export interface ConnectionHub {
  /** For those of MQTT 3.1 and 3.1.1 that ask for a session or leave a will. */
  readonly engine: AedesEngine;
  /** For the others. */
  readonly clients: ClientHub;
  readonly tapOptions: PublishTapOptions;
  readonly outboxLimits: OutboxLimits;
  readonly limits: BrokerLimits;
  readonly budgets: Budgets;
  /** Undefined: everybody may do everything. */
  readonly access: AccessControl | undefined;
  /** The topic of a lab's observations, as access rules name it. */
  readonly topicOfLab: (lab: string) => string;
  readonly traffic: CopyTraffic;
  /** For connections that have had none. */
  readonly noCopies: ObservationCopies;
  readonly turns: ReadTurns;
  /** For connections that have one publish at a time; undefined: they go the way of all. */
  readonly singles: SinglePublishes | undefined;
  /** In which connections are ended that are late. */
  readonly strangers: StrangerTurns;
  /** Whether the session of a client that asks for one has something in it. */
  readonly hasSession: (client: EngineClient) => boolean;
  readonly counters: BrokerCounters;
  readonly clock: ServingClock;
  readonly log: ConnectionLog;
  /** A CONNECT has come, and whoever is to answer it is there. */
  readonly onClient: (connection: Connection, client: EngineClient) => void;
  readonly onClosed: (connection: Connection) => void;
  /** The outbox of a connection has something that is to go out at the end of this turn. */
  readonly onOutgoing: (outbox: Outbox) => void;
}

/**
 * One connection: its tap, its client at the MQTT library, and what the broker knows of it. There are thousands that do no more
 * than publish, so what others need is made when they do.
 */
export class Connection implements Subscriber, SessionConnection, TapPolicy, CaredFor {
  // In the order in which a publish looks at them.
  readonly hub: ConnectionHub;
  readonly tap: PublishTap;
  readonly rate: RatePause | undefined;
  #copies: ObservationCopies | undefined;
  heardAtMs: number;
  readonly client: EngineClient;
  readonly greeting: TapGreeting | undefined;
  /** The same, if it is one of ours. */
  #own: BrokerClient | undefined;
  #client5: Mqtt5Client | undefined;
  /** As its CONNECT gave it, or as it was given. */
  clientId = '';
  /** 0: none. */
  keepAliveMs = 0;
  readonly openedAtMs: number;
  /** Undefined: there was no need of it. */
  #care: ConnectionCare | undefined;
  #outbox: Outbox | undefined;
  /** Bytes of a frame that is not whole, or that came before the client was accepted. */
  #unfinished: Kept | undefined;
  /** Why its CONNECT is to be refused, found before it is answered. */
  refusal: ConnectProblem | undefined;
  /** Bytes that its CONNECT leaves: client id, user and will. */
  connectBytes = 0;
  /** What it was given when it was accepted. */
  place: Place | undefined;
  /** Subscriptions of a clean session, which end with the connection. */
  #subscriptions: Map<string, Grant> | undefined;
  /** Filters that it unsubscribes from in this turn. */
  leaving: Set<string> | undefined;
  #ids: PacketIds | undefined;
  #identity: ClientIdentity | undefined;
  #owner: string;
  /** Of the access rules, when it was accepted. */
  #accessVersion = 0;
  #permissions: PublishPermissions | undefined;
  /** Messages that the log has had of it. */
  #logged: Set<string> | undefined;

  /** @param behind what stands behind the CONNECT, good until the call returns. */
  constructor(
    hub: ConnectionHub,
    readonly transport: TapTransport,
    readonly address: string,
    connect: Buffer,
    behind: Buffer,
  ) {
    const { limits, clock, tapOptions } = hub;
    this.hub = hub;
    this.#owner = ownerOfAddress(address);
    this.heardAtMs = this.openedAtMs = clock.servedMs;
    this.rate =
      limits.publishRateMax > 0 ? new RatePause(limits.publishRateMax, () => this.tap.readOn()) : undefined;
    const speaks = speakerOf(connect);
    // aedes looks for subscriptions only. None of those that are refused.
    this.greeting =
      speaks === 'engine'
        ? new ConnackFlags(() => this.#identity !== undefined && hub.hasSession(this.client))
        : undefined;
    this.tap = new PublishTap(transport, tapOptions, this);
    this.tap.once('close', () => this.#closed());
    this.tap.on('error', ({ message }) =>
      this.warn('connection ended', message.replace(/^connection ended: /, '')),
    );
    if (behind.length > 0) this.tap.onReceived(behind);
    if (speaks === 'engine') {
      this.client = hub.engine.handle(this.tap, (callback) => this.outbox.whenShort(callback));
      hub.onClient(this, this.client);
      this.tap.push(connect);
      return;
    }
    if (speaks === 'mqtt5') this.#own = this.#client5 = new Mqtt5Client(this, hub.clients);
    else this.#own = new PlainClient(this, hub.clients);
    this.client = this.#own;
    hub.onClient(this, this.client);
    this.#own.begin(connect);
  }

  get rules(): TapRules | undefined {
    return this.hub.access && this;
  }

  get copies(): ObservationCopies {
    return this.#copies ?? this.hub.noCopies;
  }

  get singles(): SinglePublishes | undefined {
    return this.hub.singles;
  }

  get turns(): TapTurns {
    return this.hub.turns;
  }

  copy(copy: PublishCopy): void {
    this.#copies ??= new ObservationCopies(this.hub.traffic, this, () => this.tap.readOn());
    this.#copies.add(copy);
  }

  keeps(bytes: number): boolean {
    if (bytes === 0 && this.#unfinished === undefined) return true;
    this.#unfinished ??= new Kept(this.hub.budgets.unfinished, this);
    return this.#unfinished.set(bytes);
  }

  onHeard(): void {
    this.heardAtMs = this.hub.clock.servedMs;
  }

  onDrained(): void {
    this.#outbox?.onDrained();
  }

  onRefused(what: string, kind: RefusalKind): boolean {
    if (this.#client5 !== undefined) {
      this.warn('connection ended', what);
      return this.#client5.end(CODE_OF_REFUSAL[kind], what);
    }
    if (kind !== 'no_room') return false;
    this.hold(what);
    return true;
  }

  /** The client is accepted, and has its CONNACK. */
  open(): void {
    this.tap.open();
  }

  /** What goes out to a client that subscribes. */
  get outbox(): Outbox {
    this.#outbox ??= new Outbox(this, this.hub.outboxLimits);
    return this.#outbox;
  }

  get subscriptions(): Map<string, Grant> {
    this.#subscriptions ??= new Map();
    return this.#subscriptions;
  }

  get hasSubscriptions(): boolean {
    return this.#subscriptions !== undefined && this.#subscriptions.size > 0;
  }

  /** Who it is, once that was accepted. */
  get identity(): ClientIdentity | undefined {
    return this.#identity;
  }

  /** MQTT 3.1 counts as 4. */
  get version(): 4 | 5 {
    return this.#client5 === undefined ? 4 : 5;
  }

  get clientKey(): string {
    return this.client.id;
  }

  get isThere(): boolean {
    return !this.tap.destroyed;
  }

  get windowMax(): number {
    return this.#client5?.receiveMax ?? Number.POSITIVE_INFINITY;
  }

  fits(publish: OutgoingPublish, { identifiers }: Grant): boolean {
    const bytesMax = this.#client5?.packetBytesMax ?? Number.POSITIVE_INFINITY;
    if (publish.bytes + FRAME_BYTES_MORE + 5 * (identifiers?.length ?? 0) <= bytesMax) return true;
    const delivery = { ...AT_QOS_0, qos: publish.qos, identifiers };
    if (publish.frame5(delivery).length <= bytesMax) return true;
    this.hub.counters.deliveriesDropped += 1;
    this.warn('publishes dropped for a subscriber', 'they are longer than it takes');
    return false;
  }

  /** Whose memory it takes: its account's, or that of its address. */
  get owner(): string {
    return this.#owner;
  }

  /** @param accessVersion the version of the access rules that it was accepted under. */
  accept(identity: ClientIdentity, account: string | undefined, accessVersion: number): void {
    const { access } = this.hub;
    this.#identity = identity;
    this.#accessVersion = accessVersion;
    if (account !== undefined) this.#owner = ownerOfAccount(account);
    if (access !== undefined) this.#permissions = new PublishPermissions(access, identity);
  }

  /** The version of the access rules under which it was accepted. */
  get accessVersion(): number {
    return this.#accessVersion;
  }

  mayPublish(topic: string): boolean {
    if (this.hub.access === undefined) return true;
    if (this.#permissions?.mayPublish(topic) !== true) {
      this.warn('publish refused', 'not authorized', topic);
      return false;
    }
    return true;
  }

  /** Whether it may publish observations of a lab that a payload names: on the topic that names the lab. */
  mayCount(lab: string): boolean {
    const { access, topicOfLab } = this.hub;
    return access === undefined || this.#permissions?.mayPublish(topicOfLab(lab)) === true;
  }

  mayRead(topic: string): boolean {
    const { access } = this.hub;
    return access === undefined || (this.#identity !== undefined && access.mayRead(this.#identity, topic));
  }

  maySubscribe(filter: string): boolean {
    const { access } = this.hub;
    return (
      access === undefined || (this.#identity !== undefined && access.maySubscribe(this.#identity, filter))
    );
  }

  /** A publish for a clean session. */
  deliver(publish: OutgoingPublish, qos: 0 | 1 | 2): void {
    // Those of MQTT 5 have sessions.
    if (!this.mayRead(publish.topic)) return;
    if (!this.send(publish, qos === 0 ? AT_QOS_0 : this.#delivery(qos, false))) this.drop();
  }

  /** A retained publish, for a new subscription. It waits until the client reads. */
  sendRetained(publish: OutgoingPublish, qos: 0 | 1 | 2): void {
    this.#add(publish.frame(this.#delivery(qos, true)));
  }

  send(publish: OutgoingPublish, delivery: Delivery): boolean {
    if (this.outbox.isFullFor(publish.bytes)) return false;
    this.#add(this.#frame(publish, delivery));
    return true;
  }

  sendWaiting({ publish }: QueueEntry, delivery: Delivery): void {
    this.#add(publish === undefined ? pubrelFrame(delivery.packetId) : this.#frame(publish, delivery));
  }

  drop(): void {
    this.hub.counters.deliveriesDropped += 1;
    this.warn('publishes dropped for a subscriber', 'it does not read what it subscribes to');
  }

  get isShort(): boolean {
    return this.outbox.isShort;
  }

  whenShort(callback: () => void): void {
    this.outbox.whenShort(callback);
  }

  get fullForMs(): number {
    return this.#outbox?.fullForMs ?? 0;
  }

  /** To be called now and then: see `ConnectionCare`. Almost all need none. */
  takeCare(): void {
    this.#outbox?.look();
    const seemsWell = this.#outbox === undefined && wasHeardLately(this, this.hub.clock.servedMs);
    if (!seemsWell || this.#care?.isNeeded === true) this.#careOf().look();
  }

  #careOf(): ConnectionCare {
    this.#care ??= new ConnectionCare(this, this.hub);
    return this.#care;
  }

  /** Writes to the log, each message once. */
  warn(message: string, reason: string, topic?: string): void {
    this.#logged ??= new Set();
    if (this.#logged.has(message)) return;
    this.#logged.add(message);
    const { log } = this.hub;
    log.warn(message, { address: this.address, client: this.clientId || undefined, topic }, reason);
  }

  /** Ends the connection, as if it had broken. @param code what a client is told that speaks MQTT 5. */
  end(reason: string, code: number = ReasonCode.quotaExceeded): void {
    this.warn('connection ended', reason);
    if (this.#own?.end(code, reason) !== true) this.tap.destroy();
  }

  /**
   * Reads no more of it, and breaks the connection a while later: broken at once, it would be back in no time, and send as much again.
   */
  hold(reason: string): void {
    this.warn('connection ended', reason);
    this.#careOf().ended();
    this.tap.stopReading();
  }

  /** Ends the connection with a frame that says why, for which the client has a little time. */
  endWith(frame: Buffer): void {
    this.#careOf().ended();
    this.tap.end(frame);
  }

  #closed(): void {
    this.#unfinished?.set(0);
    this.#outbox?.close();
    this.#own?.leave();
    this.hub.onClosed(this);
  }

  #frame(publish: OutgoingPublish, delivery: Delivery): Buffer {
    return this.#client5 === undefined ? publish.frame(delivery) : publish.frame5(delivery);
  }

  #delivery(qos: 0 | 1 | 2, isRetained: boolean): Delivery {
    // Nothing is kept for a clean session; after a whole round of 65,535 the first one is acknowledged.
    this.#ids ??= new PacketIds();
    return { qos, packetId: qos === 0 ? 0 : this.#ids.next(() => false), isRetained, isAgain: false };
  }

  #add(frame: Buffer): void {
    this.outbox.add(frame);
    this.hub.onOutgoing(this.outbox);
  }
}

/** What a frame has besides topic, payload and properties, at most. */
const FRAME_BYTES_MORE = 20;
const PUBREL = 0x62;
/** Who speaks with a client: one of ours, or the MQTT library. */
function speakerOf(connect: Buffer): 'mqtt5' | 'plain' | 'engine' {
  if (versionOf(connect) === 5) return 'mqtt5';
  return readPlainConnect(connect) === undefined ? 'engine' : 'plain';
}

function pubrelFrame(packetId: number): Buffer {
  return Buffer.from([PUBREL, 2, packetId >> 8, packetId & 0xff]);
}
