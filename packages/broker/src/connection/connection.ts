import type { Duplex } from 'node:stream';
import { type Intake, PublishTap, type SourceTable, type TapPolicy } from '@humtemp/intake';
import type { Client } from 'aedes';
import type { AccessControl, ClientIdentity } from '../access/access-control.js';
import type { Budgets } from '../budgets/budgets.js';
import { Kept } from '../budgets/kept.js';
import { ownerOfAccount, ownerOfAddress } from '../budgets/owner.js';
import type { BrokerCounters } from '../counters.js';
import type { AedesEngine } from '../engine/aedes-engine.js';
import type { CopyTraffic } from '../lanes/copy-traffic.js';
import { ObservationCopies } from '../lanes/observation-copies.js';
import type { BrokerLimits } from '../limits.js';
import { readsShared } from '../listeners/shared-reads.js';
import type { QueueEntry } from '../sessions/outgoing-queue.js';
import { PacketIds } from '../sessions/packet-ids.js';
import type { SessionConnection } from '../sessions/session.js';
import { Outbox } from '../subscribers/outbox.js';
import { AT_QOS_0, type Delivery, type OutgoingPublish } from '../subscribers/outgoing-publish.js';
import type { Subscriber } from '../subscribers/subscriber.js';
import { ConnackFlags } from './connack-flags.js';
import type { ConnectionLog } from './connection-log.js';
import { Entrance } from './entrance.js';
import { PublishPermissions } from './publish-permissions.js';
import { RatePause } from './rate-pause.js';
import type { ReadTurns } from './read-turns.js';
import type { ServingClock } from './serving-clock.js';

/** What all connections of a broker share. */
export interface ConnectionHub {
  readonly engine: AedesEngine;
  readonly sources: SourceTable;
  readonly intake: Intake;
  readonly limits: BrokerLimits;
  readonly budgets: Budgets;
  /** Undefined: everybody may do everything. */
  readonly access: AccessControl | undefined;
  /** The topic of a lab's observations, as access rules name it. */
  readonly topicOfLab: (lab: string) => string;
  readonly traffic: CopyTraffic;
  readonly turns: ReadTurns;
  /** Whether the session of a client that asks for one has something in it. */
  readonly hasSession: (client: Client) => boolean;
  readonly fastLane: boolean;
  readonly counters: BrokerCounters;
  readonly clock: ServingClock;
  readonly log: ConnectionLog;
  /** The outbox of a connection has something that is to go out at the end of this turn. */
  readonly onOutgoing: (outbox: Outbox) => void;
}

/** The keep-alive is over after one and a half times of it without a packet [MQTT-3.1.2-24]. */
const KEEP_ALIVE_FACTOR = 1.5;

/** One connection: its tap, its client at the MQTT library, and what the broker knows of it. */
export class Connection implements Subscriber, SessionConnection {
  readonly tap: PublishTap;
  readonly client: Client;
  readonly outbox: Outbox;
  /** Why its CONNECT is to be refused, found before it is answered. */
  refusal: string | undefined;
  /** As its CONNECT gave it, or as it was given. */
  clientId = '';
  /** Bytes that its CONNECT leaves: client id, user and will. */
  connectBytes = 0;
  /** 0: none. */
  keepAliveMs = 0;
  /** Subscriptions of a clean session, which end with the connection. */
  readonly subscriptions = new Map<string, 0 | 1 | 2>();
  /** Filters that it unsubscribes from in this turn. */
  leaving: Set<string> | undefined;
  readonly #ids = new PacketIds();
  #identity: ClientIdentity | undefined;
  #owner: string;
  /** Of the access rules, when it was accepted. */
  #accessVersion = 0;
  #permissions: PublishPermissions | undefined;
  #heardAtMs: number;
  /** Since when it is not served, or when its ping was answered meanwhile; undefined: it is served. */
  #answeredAtMs: number | undefined;
  readonly #openedAtMs: number;
  /** Messages that the log has had of it. */
  #logged: Set<string> | undefined;

  constructor(
    readonly hub: ConnectionHub,
    readonly transport: Duplex,
    readonly address: string,
  ) {
    const { engine, sources, intake, limits, budgets, fastLane, access, traffic, clock } = hub;
    this.#owner = ownerOfAddress(address);
    this.#heardAtMs = this.#openedAtMs = clock.servedMs;
    const readOn = () => this.tap.readOn();
    const unfinished = new Kept(budgets.unfinished, () => this.#owner);
    const entrance = new Entrance(limits.connectBytesMax, unfinished);
    const policy: TapPolicy = {
      entrance,
      // aedes looks for subscriptions only. None of those that are refused.
      greeting: new ConnackFlags(() => this.#identity !== undefined && hub.hasSession(this.client)),
      rate: limits.publishRateMax > 0 ? new RatePause(limits.publishRateMax, readOn) : undefined,
      mayPublish: access && ((topic) => this.mayPublish(topic)),
      mayCount: access && ((lab) => this.mayCount(lab)),
      copies: new ObservationCopies(traffic, this, readOn),
      turns: hub.turns,
      keeps: (bytes) => unfinished.set(bytes),
      onHeard: () => {
        this.#heardAtMs = clock.servedMs;
      },
    };
    this.tap = new PublishTap({
      transport,
      protocolVersion: 4,
      sources,
      intake,
      frameBytesMax: limits.frameBytesMax,
      takeRetained: true,
      takesPublishes: fastLane,
      isReadShared: readsShared(transport),
      policy,
    });
    this.tap.once('close', () => unfinished.set(0));
    this.outbox = new Outbox({
      tap: this.tap,
      transport,
      bytesMax: limits.subscriberBytesMax,
      budget: budgets.output,
      owner: () => this.#owner,
      nowMs: () => clock.servedMs,
    });
    this.client = engine.handle(this.tap, (callback) => this.outbox.whenShort(callback));
  }

  /** Who it is, once that was accepted. */
  get identity(): ClientIdentity | undefined {
    return this.#identity;
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
    if (!this.mayRead(publish.topic)) return;
    if (!this.send(publish, qos === 0 ? AT_QOS_0 : this.#delivery(qos, false))) this.drop();
  }

  /** A retained publish, for a new subscription. It waits until the client reads. */
  sendRetained(publish: OutgoingPublish, qos: 0 | 1 | 2): void {
    this.#add(publish.frame(this.#delivery(qos, true)));
  }

  send(publish: OutgoingPublish, delivery: Delivery): boolean {
    if (this.outbox.isFullFor(publish.bytes)) return false;
    this.#add(publish.frame(delivery));
    return true;
  }

  sendWaiting({ publish }: QueueEntry, delivery: Delivery): void {
    this.#add(publish?.frame(delivery) ?? pubrelFrame(delivery.packetId));
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

  /** Looks after a connection that cannot show that it is alive, says nothing, or does not read. */
  takeCare(): void {
    const { clock, limits } = this.hub;
    const nowMs = clock.servedMs;
    // What it has sent waits for us.
    if (this.tap.isHeldBack || this.tap.readableLength > 0) this.#careForHeldBack(nowMs);
    else this.#answeredAtMs = undefined;
    this.outbox.look();
    if (this.outbox.fullForMs > limits.subscriberTimeoutMs) this.end('it does not read');
    else if (this.keepAliveMs > 0 && nowMs - this.#heardAtMs > this.keepAliveMs * KEEP_ALIVE_FACTOR)
      this.end('keep alive timeout');
    else if (this.clientId === '' && nowMs - this.#openedAtMs > limits.connectTimeoutMs)
      this.end('connect did not arrive in time');
  }

  /** Writes to the log, each message once. */
  warn(message: string, reason: string, topic?: string): void {
    this.#logged ??= new Set();
    if (this.#logged.has(message)) return;
    this.#logged.add(message);
    const { log } = this.hub;
    log.warn(message, { address: this.address, client: this.clientId || undefined, topic }, reason);
  }

  /** Ends the connection, as if it had broken. */
  end(reason: string): void {
    this.warn('connection ended', reason);
    this.tap.destroy();
  }

  /** Its pings are answered before they can be read, and its keep-alive does not run. */
  #careForHeldBack(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#answeredAtMs ??= nowMs;
    if (this.keepAliveMs === 0 || nowMs - this.#answeredAtMs < this.keepAliveMs / 2) return;
    this.#answeredAtMs = nowMs;
    this.tap.answerPing();
  }

  #delivery(qos: 0 | 1 | 2, isRetained: boolean): Delivery {
    // Nothing is kept for a clean session; after a whole round of 65,535 the first one is acknowledged.
    return { qos, packetId: qos === 0 ? 0 : this.#ids.next(() => false), isRetained, isAgain: false };
  }

  #add(frame: Buffer): void {
    this.outbox.add(frame);
    this.hub.onOutgoing(this.outbox);
  }
}

const PUBREL = 0x62;

function pubrelFrame(packetId: number): Buffer {
  return Buffer.from([PUBREL, 2, packetId >> 8, packetId & 0xff]);
}
