import { Readable } from 'node:stream';
import type { PublishPacket, Subscription } from 'aedes';
import type {
  OutgoingPacket,
  Persistence,
  SessionOwner,
  SessionPacket,
  SessionSubscription,
} from '../engine/aedes-internals.js';
import type { Receipt } from '../lanes/pending-receipts.js';
import { contentOf } from '../lanes/publish-content.js';
import type { SubscriptionIndex } from '../subscribers/subscription-index.js';
import { OutgoingQueue, type QueueLimits } from './outgoing-queue.js';
import { type RetainedLimits, RetainedPublishes } from './retained-publishes.js';

export interface SessionLimits extends QueueLimits, RetainedLimits {
  /** Sessions whose client is away. */
  readonly sessionsMax: number;
}

export interface SessionsOptions {
  readonly limits: SessionLimits;
  /** Told of every filter that a session holds. */
  readonly index: SubscriptionIndex;
  /** Whether a subscription was granted; aedes hands over those that were not, too. */
  readonly isGranted: (subscription: Subscription) => boolean;
  /** A session has no room for a publish. `isFirst`: since it last was empty. */
  readonly onQueueFull: (clientId: string, isFirst: boolean) => void;
  /** There is no room for a retained publish. */
  readonly onRetainedFull: (topic: string) => void;
  /** A session was given up, for it had been away longer than all others. */
  readonly onForgotten: (clientId: string) => void;
}

/** What is kept for one client that asked for it. */
interface Session {
  /** QoS by filter. */
  readonly subscriptions: Map<string, number>;
  readonly outgoing: OutgoingQueue;
  /** QoS 2 publishes that were received and not released: their contents, by packet id. */
  readonly incoming: Map<number, number>;
  wasFull: boolean;
}

/**
 * Sessions and retained publishes, in memory and bounded, as aedes asks for them. Subscriptions and wills stay with the
 * persistence that aedes brings along, of which only the rest has no bounds: it keeps every QoS 2 publish until it is
 * released, and something of every client id that ever was.
 */
export class Sessions implements Persistence {
  readonly #sessions = new Map<string, Session>();
  /** Sessions whose client is away, the longest first. */
  readonly #absent = new Set<string>();
  readonly #present = new Map<string, SessionOwner>();
  readonly #retained: RetainedPublishes;

  constructor(
    readonly inner: Persistence,
    readonly options: SessionsOptions,
  ) {
    this.#retained = new RetainedPublishes(options.limits);
  }

  /** The client has connected. */
  arrive(client: SessionOwner): void {
    this.#present.set(client.id, client);
    this.#absent.delete(client.id);
  }

  /** The client is gone. Its session stays, until it has been away the longest of too many. */
  leave(client: SessionOwner): void {
    // Another connection may have taken the id over.
    if (this.#present.get(client.id) !== client) return;
    this.#present.delete(client.id);
    // aedes ends a clean session in this turn.
    if (this.#sessions.has(client.id) && !client.clean) this.#addAbsent(client.id);
  }

  /** Whether something is kept for a client id. */
  has(clientId: string): boolean {
    return this.#sessions.has(clientId);
  }

  /** Whether a connection is gone and its session with it: it was clean, or a clean one has come in its place. */
  hasEnded(client: SessionOwner): boolean {
    const present = this.#present.get(client.id);
    return present !== client && (client.clean === true || present?.clean === true);
  }

  /** Whether a publish waits in the client's session. */
  isQueued(client: SessionOwner, { brokerCounter }: SessionPacket): boolean {
    return brokerCounter !== undefined && this.#sessions.get(client.id)?.outgoing.has(brokerCounter) === true;
  }

  /** Takes a publish out of the client's session, which must not have it. */
  withdraw(client: SessionOwner, { brokerCounter }: SessionPacket): void {
    if (brokerCounter !== undefined) this.#sessions.get(client.id)?.outgoing.remove(brokerCounter);
  }

  async storeRetained(packet: PublishPacket): Promise<void> {
    if (!this.#retained.store(packet)) this.options.onRetainedFull(packet.topic);
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    return Readable.from(this.#retained.matching(filters));
  }

  async addSubscriptions(client: SessionOwner, subscriptions: readonly Subscription[]): Promise<void> {
    const session = this.#sessionOf(client);
    const added: Subscription[] = [];
    for (const subscription of subscriptions) {
      const { topic, qos } = subscription;
      if (!this.options.isGranted(subscription) || session.subscriptions.get(topic) === qos) continue;
      session.subscriptions.set(topic, qos);
      this.options.index.add(topic, client.id);
      added.push(subscription);
    }
    if (added.length > 0) await this.inner.addSubscriptions(client, added);
  }

  async removeSubscriptions(client: SessionOwner, filters: readonly string[]): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return;
    for (const filter of filters)
      if (session.subscriptions.delete(filter)) this.options.index.remove(filter, client.id);
    this.#forgetIfEmpty(client, session);
    await this.inner.removeSubscriptions(client, filters);
  }

  /** The end of a session, with all that it has [MQTT-3.1.2-6]. */
  async cleanSubscriptions(client: SessionOwner): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return;
    for (const filter of session.subscriptions.keys()) this.options.index.remove(filter, client.id);
    this.#sessions.delete(client.id);
    this.#absent.delete(client.id);
    await this.inner.cleanSubscriptions(client);
  }

  subscriptionsByClient(client: SessionOwner): Promise<Subscription[]> {
    return this.inner.subscriptionsByClient(client);
  }

  subscriptionsByTopic(topic: string): Promise<readonly SessionSubscription[]> {
    return this.inner.subscriptionsByTopic(topic);
  }

  async outgoingEnqueueCombi(
    subscriptions: readonly SessionSubscription[],
    packet: SessionPacket,
  ): Promise<void> {
    if (subscriptions.length === 0) return;
    // What waits must not hold the whole piece of bytes that it came in.
    if (Buffer.isBuffer(packet.payload)) packet.payload = Buffer.from(packet.payload);
    for (const { clientId, qos } of subscriptions) {
      const session = this.#sessions.get(clientId);
      if (session === undefined) continue;
      // As published, or as granted if that is less [MQTT-3.8.4-6].
      const granted = Math.min(qos, packet.qos ?? 0) as 1 | 2;
      if (session.outgoing.add(packet, granted)) continue;
      this.options.onQueueFull(clientId, !session.wasFull);
      session.wasFull = true;
    }
  }

  async outgoingUpdate(client: SessionOwner, packet: OutgoingPacket): Promise<void> {
    this.#sessions.get(client.id)?.outgoing.send(packet);
  }

  async outgoingClearMessageId(
    client: SessionOwner,
    { messageId }: OutgoingPacket,
  ): Promise<OutgoingPacket | undefined> {
    const session = this.#sessions.get(client.id);
    if (session === undefined || messageId === undefined) return undefined;
    const packet = session.outgoing.removeById(messageId);
    if (session.outgoing.isEmpty) session.wasFull = false;
    this.#forgetIfEmpty(client, session);
    return packet;
  }

  outgoingStream(client: SessionOwner): Readable {
    return Readable.from(this.#sessions.get(client.id)?.outgoing.packets() ?? []);
  }

  async incomingStorePacket(client: SessionOwner, packet: OutgoingPacket): Promise<void> {
    this.#sessionOf(client).incoming.set(packet.messageId!, contentOf(packet));
  }

  /** Rejects if it is not known, as aedes expects. */
  async incomingGetPacket(client: SessionOwner, { messageId }: OutgoingPacket): Promise<unknown> {
    if (this.#sessions.get(client.id)?.incoming.has(messageId!) !== true) throw new Error('no such packet');
    return { messageId };
  }

  /**
   * Whether a QoS 2 publish was received, and not released yet. One of other content that does not say that it is sent
   * again is another: a client that has lost its state has begun anew with its packet ids. Then the old one is forgotten.
   */
  isReceivedAgain({ client, packetId, content }: Receipt, isDup: boolean): boolean {
    const incoming = this.#sessions.get(client.id)?.incoming;
    const received = incoming?.get(packetId);
    if (received === undefined) return false;
    if (isDup || received === content) return true;
    incoming!.delete(packetId);
    return false;
  }

  async incomingDelPacket(client: SessionOwner, { messageId }: OutgoingPacket): Promise<void> {
    const session = this.#sessions.get(client.id);
    if (session === undefined || !session.incoming.delete(messageId!)) throw new Error('no such packet');
    this.#forgetIfEmpty(client, session);
  }

  async cleanIncoming(client: SessionOwner): Promise<void> {
    const session = this.#sessions.get(client.id);
    session?.incoming.clear();
    if (session !== undefined) this.#forgetIfEmpty(client, session);
  }

  putWill(client: SessionOwner, will: PublishPacket): Promise<unknown> {
    return this.inner.putWill(client, will);
  }

  delWill(client: SessionOwner): Promise<unknown> {
    return this.inner.delWill(client);
  }

  #sessionOf({ id }: SessionOwner): Session {
    let session = this.#sessions.get(id);
    if (session === undefined) {
      session = {
        subscriptions: new Map(),
        outgoing: new OutgoingQueue(this.options.limits),
        incoming: new Map(),
        wasFull: false,
      };
      this.#sessions.set(id, session);
      if (!this.#present.has(id)) this.#addAbsent(id);
    }
    return session;
  }

  #addAbsent(id: string): void {
    this.#absent.add(id);
    for (const oldest of this.#absent) {
      if (this.#absent.size <= this.options.limits.sessionsMax) return;
      void this.cleanSubscriptions({ id: oldest });
      this.options.onForgotten(oldest);
    }
  }

  #forgetIfEmpty({ id }: SessionOwner, session: Session): void {
    if (session.subscriptions.size > 0 || session.incoming.size > 0 || !session.outgoing.isEmpty) return;
    this.#sessions.delete(id);
    this.#absent.delete(id);
  }
}
