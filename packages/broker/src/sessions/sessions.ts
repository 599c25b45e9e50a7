import type { Budgets } from '../budgets/budgets.js';
import { shareOf } from '../budgets/share.js';
import { subscriptionBytes } from '../budgets/subscription-bytes.js';
import type { Receipt } from '../lanes/pending-receipts.js';
import type { Grant } from '../subscribers/grant.js';
import type { Subscriptions } from '../subscribers/shared-group.js';
import type { QueueLimits } from './outgoing-queue.js';
import { NEVER_ENDS, Session, type SessionConnection } from './session.js';

/** The client that a session is named for. */
export interface SessionOwner {
  /** Of the account and the client id that it gave. */
  readonly id: string;
  /** Whether the session ends with the connection [MQTT-3.1.2-6]. */
  readonly clean?: boolean;
}

export interface SessionLimits extends QueueLimits {
  /** Sessions whose client is away. */
  readonly sessionsMax: number;
}

export interface SessionsOptions {
  readonly limits: SessionLimits;
  readonly budgets: Budgets;
  readonly subscriptions: Subscriptions;
  /** Whose memory a client's session is. */
  readonly ownerOf: (client: SessionOwner) => string;
  /** A session has no room for a publish. `isFirst`: since it last was empty. */
  readonly onQueueFull: (clientId: string, isFirst: boolean) => void;
  /** A session was given up, for it had been away longer than others. */
  readonly onForgotten: (clientId: string) => void;
}

/** Sessions, in memory and bounded. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();
  /** Sessions whose client is away, the longest first, by owner. */
  readonly #absent = new Map<string, Set<string>>();
  #absentCount = 0;
  readonly #present = new Map<string, SessionOwner>();
  /** When sessions end whose client is away, and does not come back before; by `performance.now()`. */
  readonly #ends = new Map<string, number>();

  constructor(readonly options: SessionsOptions) {}

  /** How many sessions are kept, by where their client is. */
  get counts(): { readonly connected: number; readonly away: number } {
    return { connected: this.#sessions.size - this.#absentCount, away: this.#absentCount };
  }

  /** The client is accepted. */
  arrive(client: SessionOwner): void {
    const session = this.#sessions.get(client.id);
    this.#present.set(client.id, client);
    this.#endAbsence(client.id, session);
    if (session === undefined) return;
    // MQTT 3.1.1 knows of no time for a session.
    session.expiryMs = NEVER_ENDS;
    session.isPinned = false;
  }

  /** The client is accepted, in MQTT 5: it has a session, from now on at the latest, that stays `expiryMs` without it. */
  arrive5(client: SessionOwner, expiryMs: number): Session {
    this.arrive(client);
    const session = this.#sessionOf(client);
    session.expiryMs = expiryMs;
    session.isPinned = true;
    return session;
  }

  /** The session of a client id, if there is one. */
  of(clientId: string): Session | undefined {
    return this.#sessions.get(clientId);
  }

  /** Ends the sessions whose time is over. To be called now and then. */
  endExpired(nowMs: number): void {
    for (const [id, endsAtMs] of this.#ends) if (endsAtMs <= nowMs) this.end(id);
  }

  /** The client has had its CONNACK: what waits for it may come. */
  resume(client: SessionOwner, connection: SessionConnection): void {
    if (this.#present.get(client.id) === client && !client.clean)
      this.#sessions.get(client.id)?.arrive(connection);
  }

  /** The client is gone. Its session stays, until there are too many. */
  leave(client: SessionOwner): void {
    // Another connection may have taken the id over.
    if (this.#present.get(client.id) !== client) return;
    this.#present.delete(client.id);
    const session = this.#sessions.get(client.id);
    if (session === undefined) return;
    session.leave();
    if (client.clean || session.expiryMs === 0) this.end(client.id);
    else this.#beginAbsence(client.id, session);
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

  /** By filter; undefined: there is no session. */
  subscriptionsOf(clientId: string): ReadonlyMap<string, Grant> | undefined {
    return this.#sessions.get(clientId)?.subscriptions;
  }

  /** Adds a subscription to the session of a client, or changes it. @returns false if there is no room for it. */
  subscribe(client: SessionOwner, filter: string, grant: Grant, connection: SessionConnection): boolean {
    const { budgets, subscriptions, ownerOf } = this.options;
    const known = this.#sessions.get(client.id)?.subscriptions.has(filter);
    const owner = this.#sessions.get(client.id)?.owner ?? ownerOf(client);
    if (!known && !budgets.subscriptions.take(owner, subscriptionBytes(filter))) return false;
    const session = this.#sessionOf(client);
    // Without anything that has waited, the client is live at once.
    if (
      !session.isPinned &&
      session.subscriptions.size === 0 &&
      session.hasNothingOutgoing &&
      this.#present.get(client.id) === client
    )
      session.arrive(connection);
    session.subscribe(filter, grant);
    subscriptions.add(filter, session, grant);
    return true;
  }

  unsubscribe(client: SessionOwner, filters: Iterable<string>): void {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return;
    for (const filter of filters) this.#unsubscribe(session, filter);
    this.#forgetIfEmpty(client.id, session);
  }

  /** The end of a session, with all that it has [MQTT-3.1.2-6]. */
  end(clientId: string): void {
    const session = this.#sessions.get(clientId);
    if (session === undefined) return;
    for (const filter of [...session.subscriptions.keys()]) this.#unsubscribe(session, filter);
    if (!session.hasNothingOutgoing) session.outgoing.clear();
    session.releaseAll();
    session.leave();
    this.#sessions.delete(clientId);
    this.#endAbsence(clientId, session);
  }

  /** The client has received a publish at QoS 2. @returns false if it was not sent to it. */
  releaseOutgoing(client: SessionOwner, packetId: number): boolean {
    return this.#sessions.get(client.id)?.outgoing.release(packetId) ?? false;
  }

  acknowledge(client: SessionOwner, packetId: number): void {
    const session = this.#sessions.get(client.id);
    if (session === undefined) return;
    session.acknowledge(packetId);
    this.#forgetIfEmpty(client.id, session);
  }

  /** Keeps a QoS 2 publish of the client until it is released. */
  receive(client: SessionOwner, packetId: number, content: number): void {
    this.#sessionOf(client).receive(packetId, content);
  }

  hasReceived(client: SessionOwner, packetId: number): boolean {
    return this.#sessions.get(client.id)?.received(packetId) !== undefined;
  }

  /**
   * Whether a QoS 2 publish was received, and not released yet. One of other content that does not say that it is sent
   * again is another: a client that has lost its state has begun anew with its packet ids. Then the old one is forgotten.
   */
  isReceivedAgain({ client, packetId, content }: Receipt, isDup: boolean): boolean {
    const session = this.#sessions.get(client.id);
    const received = session?.received(packetId);
    if (received === undefined) return false;
    if (isDup || received === content) return true;
    session!.release(packetId);
    return false;
  }

  /** @returns false if it was not known. */
  release(client: SessionOwner, packetId: number): boolean {
    const session = this.#sessions.get(client.id);
    if (session?.release(packetId) !== true) return false;
    this.#forgetIfEmpty(client.id, session);
    return true;
  }

  releaseAll(client: SessionOwner): void {
    const session = this.#sessions.get(client.id);
    session?.releaseAll();
    if (session !== undefined) this.#forgetIfEmpty(client.id, session);
  }

  #unsubscribe(session: Session, filter: string): void {
    if (!session.unsubscribe(filter)) return;
    this.options.subscriptions.remove(filter, session);
    this.options.budgets.subscriptions.give(session.owner, subscriptionBytes(filter));
  }

  #sessionOf(client: SessionOwner): Session {
    const { id } = client;
    let session = this.#sessions.get(id);
    if (session === undefined) {
      const { limits, budgets, ownerOf, onQueueFull } = this.options;
      session = new Session(id, ownerOf(client), limits, budgets, (isFirst) => onQueueFull(id, isFirst));
      this.#sessions.set(id, session);
      if (!this.#present.has(id)) this.#beginAbsence(id, session);
    }
    return session;
  }

  #beginAbsence(id: string, { owner, expiryMs }: Session): void {
    const { sessionsMax } = this.options.limits;
    if (expiryMs !== NEVER_ENDS) this.#ends.set(id, performance.now() + expiryMs);
    const own = this.#absent.get(owner) ?? new Set();
    this.#absent.set(owner, own);
    if (!own.has(id)) this.#absentCount += 1;
    own.add(id);
    if (own.size > shareOf(sessionsMax)) this.#forgetOldest(own);
    else if (this.#absentCount > sessionsMax) this.#forgetOldest(this.#largest());
  }

  #endAbsence(id: string, session: Session | undefined): void {
    this.#ends.delete(id);
    if (session === undefined) return;
    const own = this.#absent.get(session.owner);
    if (own?.delete(id) !== true) return;
    this.#absentCount -= 1;
    if (own.size === 0) this.#absent.delete(session.owner);
  }

  #largest(): ReadonlySet<string> {
    let largest: ReadonlySet<string> = new Set();
    for (const ids of this.#absent.values()) if (ids.size > largest.size) largest = ids;
    return largest;
  }

  #forgetOldest(ids: ReadonlySet<string>): void {
    const [oldest] = ids;
    if (oldest === undefined) return;
    this.end(oldest);
    this.options.onForgotten(oldest);
  }

  #forgetIfEmpty(id: string, session: Session): void {
    if (!session.isEmpty) return;
    this.#sessions.delete(id);
    this.#endAbsence(id, session);
  }
}
