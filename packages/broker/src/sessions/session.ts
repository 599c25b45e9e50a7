import type { Budgets } from '../budgets/budgets.js';
import type { Grant } from '../subscribers/grant.js';
import { AT_QOS_0, type Delivery, type OutgoingPublish } from '../subscribers/outgoing-publish.js';
import type { Subscriber } from '../subscribers/subscriber.js';
import { OutgoingQueue, type QueueEntry, type QueueLimits } from './outgoing-queue.js';

/** The client of a session, while it is there. */
export interface SessionConnection {
  /** How many publishes at QoS 1 and 2 it takes before it has acknowledged one: its Receive Maximum, in MQTT 5. */
  readonly windowMax: number;
  /** Whether a publish is no longer than the client takes [MQTT-3.1.2-24]. */
  fits(publish: OutgoingPublish, grant: Grant): boolean;
  mayRead(topic: string): boolean;
  /** Sends a publish. @returns false if there is no room for it now. */
  send(publish: OutgoingPublish, delivery: Delivery): boolean;
  /** Sends what has waited, paced by `isShort`: a publish, or the PUBREL of one. */
  sendWaiting(entry: QueueEntry, delivery: Delivery): void;
  /** A publish that nobody keeps could not be sent. */
  drop(): void;
  /** Whether it may be given more of what waits, and calls back when it may. */
  readonly isShort: boolean;
  whenShort(callback: () => void): void;
  end(reason: string): void;
}

/** What one QoS 2 publish takes that was received and not released. */
export const RECEIPT_BYTES = 160;

const NO_SUBSCRIPTIONS: ReadonlyMap<string, Grant> = new Map();

/** How long a session is kept whose client is away. */
export const NEVER_ENDS = Number.POSITIVE_INFINITY;

/**
 * What is kept for one client that asked for it. While the client is there, it gets first what has waited:
 *
 *     away ──arrive()──▶ replaying, as fast as the client reads ──nothing waits──▶ live ──leave()──▶ away
 *                          ▲   and as many as it takes at a time                  │
 *                          └──────────the client has as many as it takes──────────┘
 */
export class Session implements Subscriber {
  /** By filter. Most sensors have none. */
  #subscriptions: Map<string, Grant> | undefined;
  /** How long it stays when its client has gone. */
  expiryMs = NEVER_ENDS;
  /** Whether it is there even with nothing in it: in MQTT 5 it is the client that begins it. */
  isPinned = false;
  #outgoing: OutgoingQueue | undefined;
  /** QoS 2 publishes that were received and not released: their contents, by packet id. */
  #incoming: Map<number, number> | undefined;
  #connection: SessionConnection | undefined;
  #isLive = false;
  #wasFull = false;
  /** Publishes that the client of this connection has and has not acknowledged. */
  #inFlight = 0;
  /** Goes on with what waits, if it waits for the client to acknowledge. */
  #onWindow: (() => void) | undefined;

  /** @param onQueueFull there is no room for a publish. `isFirst`: since the queue last was empty. */
  constructor(
    readonly clientKey: string,
    readonly owner: string,
    readonly limits: QueueLimits,
    readonly budgets: Budgets,
    readonly onQueueFull: (isFirst: boolean) => void,
  ) {}

  /** By filter. */
  get subscriptions(): ReadonlyMap<string, Grant> {
    return this.#subscriptions ?? NO_SUBSCRIPTIONS;
  }

  subscribe(filter: string, grant: Grant): void {
    this.#subscriptions ??= new Map();
    this.#subscriptions.set(filter, grant);
  }

  /** @returns false if it was not there. */
  unsubscribe(filter: string): boolean {
    return this.#subscriptions?.delete(filter) === true;
  }

  /** What its client has not acknowledged. */
  get outgoing(): OutgoingQueue {
    this.#outgoing ??= new OutgoingQueue(this.limits, this.budgets.queues, this.owner);
    return this.#outgoing;
  }

  /** Whether its client has acknowledged everything. */
  get hasNothingOutgoing(): boolean {
    return this.#outgoing === undefined || this.#outgoing.isEmpty;
  }

  get isThere(): boolean {
    return this.#connection !== undefined;
  }

  get isEmpty(): boolean {
    return (
      !this.isPinned && this.subscriptions.size === 0 && this.receivedCount === 0 && this.hasNothingOutgoing
    );
  }

  /** The client has come, and has had its CONNACK. */
  arrive(connection: SessionConnection): void {
    this.#connection = connection;
    this.#inFlight = 0;
    if (this.hasNothingOutgoing) this.#isLive = true;
    else this.#replay(connection, false);
  }

  /** The client is gone. */
  leave(): void {
    this.#connection = undefined;
    this.#isLive = false;
    this.#onWindow = undefined;
  }

  /** @param isRetained whether it was retained before. */
  deliver(publish: OutgoingPublish, qos: 0 | 1 | 2, grant: Grant, wasRetained = false): void {
    const connection = this.#connection;
    if (connection !== undefined && !(connection.mayRead(publish.topic) && connection.fits(publish, grant)))
      return;
    const isRetained = wasRetained || (grant.asPublished && publish.origin.retain === true);
    if (qos === 0) {
      const { identifiers } = grant;
      const delivery = isRetained || identifiers ? { ...AT_QOS_0, isRetained, identifiers } : AT_QOS_0;
      if (connection?.send(publish, delivery) === false) connection.drop();
      return;
    }
    const entry = this.outgoing.add(publish, qos, grant, isRetained);
    if (entry === undefined) {
      this.onQueueFull(!this.#wasFull);
      this.#wasFull = true;
      if (this.#isLive) this.#sendUnkept(connection!, publish, qos, grant);
    } else if (!this.#isLive) return;
    else if (this.#inFlight >= connection!.windowMax) this.#replay(connection!, true);
    else if (connection!.send(publish, this.outgoing.send(entry))) this.#inFlight += 1;
    else connection!.end('it does not read what it subscribes to; what it misses waits in its session');
  }

  /**
   * Sends what waits, in its order, and is live when nothing does.
   * @param goesOn whether what was sent before is on its way on this connection.
   */
  #replay(connection: SessionConnection, goesOn: boolean): void {
    const waiting = this.outgoing.entries();
    this.#isLive = false;
    const replay = () => {
      this.#onWindow = undefined;
      while (this.#connection === connection && connection.isShort && this.#inFlight < connection.windowMax) {
        const { value: entry, done } = waiting.next();
        if (done) {
          this.#isLive = true;
          return;
        }
        if (goesOn && entry.packetId !== 0) continue;
        if (entry.publish !== undefined && !this.#isStillWanted(entry, connection)) {
          this.outgoing.remove(entry);
          continue;
        }
        connection.sendWaiting(entry, this.outgoing.send(entry));
        this.#inFlight += 1;
      }
      if (this.#connection !== connection) return;
      if (this.#inFlight < connection.windowMax) connection.whenShort(replay);
      else this.#onWindow = replay;
    };
    replay();
  }

  #isStillWanted({ publish, grant, packetId }: QueueEntry, connection: SessionConnection): boolean {
    if (publish!.isExpired && packetId === 0) return false;
    return connection.mayRead(publish!.topic) && connection.fits(publish!, grant);
  }

  #sendUnkept(connection: SessionConnection, publish: OutgoingPublish, qos: 1 | 2, grant: Grant): void {
    const { identifiers } = grant;
    const packetId = this.outgoing.freeId();
    // Of what is not kept, nobody knows when the client has acknowledged it.
    const hasWindow = connection.windowMax === Number.POSITIVE_INFINITY;
    const delivery = { qos, packetId, isRetained: false, isAgain: false, identifiers };
    if (!hasWindow || !connection.send(publish, delivery)) connection.drop();
  }

  acknowledge(packetId: number): void {
    if (this.#outgoing?.removeById(packetId) && this.#inFlight > 0) this.#inFlight -= 1;
    if (this.hasNothingOutgoing) this.#wasFull = false;
    this.#onWindow?.();
  }

  /** Keeps a QoS 2 publish until it is released. */
  receive(packetId: number, content: number): void {
    this.#incoming ??= new Map();
    if (!this.#incoming.has(packetId)) this.budgets.receipts.change(this.owner, RECEIPT_BYTES);
    this.#incoming.set(packetId, content);
  }

  /** How many QoS 2 publishes were received and not released. */
  get receivedCount(): number {
    return this.#incoming?.size ?? 0;
  }

  /** The content of a QoS 2 publish that was received and not released. */
  received(packetId: number): number | undefined {
    return this.#incoming?.get(packetId);
  }

  /** @returns false if it was not known. */
  release(packetId: number): boolean {
    if (this.#incoming?.delete(packetId) !== true) return false;
    this.budgets.receipts.give(this.owner, RECEIPT_BYTES);
    return true;
  }

  releaseAll(): void {
    this.budgets.receipts.give(this.owner, this.receivedCount * RECEIPT_BYTES);
    this.#incoming = undefined;
  }
}
