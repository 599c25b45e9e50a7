import type { Budgets } from '../budgets/budgets.js';
import { AT_QOS_0, type Delivery, type OutgoingPublish } from '../subscribers/outgoing-publish.js';
import type { Subscriber } from '../subscribers/subscriber.js';
import { OutgoingQueue, type QueueEntry, type QueueLimits } from './outgoing-queue.js';

/** The client of a session, while it is there. */
export interface SessionConnection {
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

/**
 * What is kept for one client that asked for it. While the client is there, it gets first what has waited:
 *
 *     away ──arrive()──▶ replaying, as fast as the client reads ──nothing waits──▶ live ──leave()──▶ away
 */
export class Session implements Subscriber {
  /** QoS by filter. */
  readonly subscriptions = new Map<string, 0 | 1 | 2>();
  readonly outgoing: OutgoingQueue;
  /** QoS 2 publishes that were received and not released: their contents, by packet id. */
  readonly #incoming = new Map<number, number>();
  #connection: SessionConnection | undefined;
  #isLive = false;
  #wasFull = false;

  /** @param onQueueFull there is no room for a publish. `isFirst`: since the queue last was empty. */
  constructor(
    readonly owner: string,
    limits: QueueLimits,
    readonly budgets: Budgets,
    readonly onQueueFull: (isFirst: boolean) => void,
  ) {
    this.outgoing = new OutgoingQueue(limits, budgets.queues, owner);
  }

  get isEmpty(): boolean {
    return this.subscriptions.size === 0 && this.#incoming.size === 0 && this.outgoing.isEmpty;
  }

  /** The client has come, and has had its CONNACK. */
  arrive(connection: SessionConnection): void {
    this.#connection = connection;
    this.#isLive = false;
    const waiting = this.outgoing.entries();
    const replay = () => {
      while (this.#connection === connection && connection.isShort) {
        const { value: entry, done } = waiting.next();
        if (done) {
          this.#isLive = true;
          break;
        }
        if (entry.publish !== undefined && !connection.mayRead(entry.publish.topic))
          this.outgoing.remove(entry);
        else connection.sendWaiting(entry, this.outgoing.send(entry));
      }
      if (this.#connection === connection && !this.#isLive) connection.whenShort(replay);
    };
    replay();
  }

  /** The client is gone. */
  leave(): void {
    this.#connection = undefined;
    this.#isLive = false;
  }

  deliver(publish: OutgoingPublish, qos: 0 | 1 | 2): void {
    const connection = this.#connection;
    if (connection?.mayRead(publish.topic) === false) return;
    if (qos === 0) {
      if (connection?.send(publish, AT_QOS_0) === false) connection.drop();
      return;
    }
    const entry = this.outgoing.add(publish, qos);
    if (entry === undefined) {
      this.onQueueFull(!this.#wasFull);
      this.#wasFull = true;
      if (this.#isLive) this.#sendUnkept(connection!, publish, qos);
    } else if (this.#isLive && !connection!.send(publish, this.outgoing.send(entry)))
      connection!.end('it does not read what it subscribes to; what it misses waits in its session');
  }

  #sendUnkept(connection: SessionConnection, publish: OutgoingPublish, qos: 1 | 2): void {
    const delivery = { qos, packetId: this.outgoing.freeId(), isRetained: false, isAgain: false };
    if (!connection.send(publish, delivery)) connection.drop();
  }

  acknowledge(packetId: number): void {
    this.outgoing.removeById(packetId);
    if (this.outgoing.isEmpty) this.#wasFull = false;
  }

  /** Keeps a QoS 2 publish until it is released. */
  receive(packetId: number, content: number): void {
    if (!this.#incoming.has(packetId)) this.budgets.receipts.change(this.owner, RECEIPT_BYTES);
    this.#incoming.set(packetId, content);
  }

  /** The content of a QoS 2 publish that was received and not released. */
  received(packetId: number): number | undefined {
    return this.#incoming.get(packetId);
  }

  /** @returns false if it was not known. */
  release(packetId: number): boolean {
    if (!this.#incoming.delete(packetId)) return false;
    this.budgets.receipts.give(this.owner, RECEIPT_BYTES);
    return true;
  }

  releaseAll(): void {
    this.budgets.receipts.give(this.owner, this.#incoming.size * RECEIPT_BYTES);
    this.#incoming.clear();
  }
}
