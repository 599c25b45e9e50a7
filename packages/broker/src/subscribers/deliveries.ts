import { matchesTopic } from '@humtemp/bucket-core';
import { AckCode } from '@humtemp/intake';
import type { Budget } from '../budgets/budget.js';
import { subscriptionBytes } from '../budgets/subscription-bytes.js';
import type { Connection } from '../connection/connection.js';
import type { RetainedPublishes } from '../sessions/retained-publishes.js';
import type { Session } from '../sessions/session.js';
import type { Sessions } from '../sessions/sessions.js';
import type { FanOut } from './fan-out.js';
import type { Grant } from './grant.js';
import { OutgoingPublish } from './outgoing-publish.js';
import type { PublishProperties } from './publish-properties.js';
import { type Subscriptions, sharedFilterOf } from './shared-group.js';
import { PublishSpread } from './spread.js';

export interface DeliveriesOptions {
  readonly subscriptions: Subscriptions;
  readonly sessions: Sessions;
  readonly retained: RetainedPublishes;
  readonly fanOut: FanOut;
  readonly budget: Budget;
  readonly subscriptionsPerClientMax: number;
  /** There is no room for a retained publish. */
  readonly onRetainedFull: (topic: string) => void;
}

/** A publish that is handed to subscribers. */
export interface Handed {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** Whose memory it takes if it is retained. */
  readonly owner: string;
  /** Whose publishes keep their order. */
  readonly publisher: object;
  /** The client that it is of: account and client id. Undefined: none. */
  readonly from?: string | undefined;
  /** Of MQTT 5. */
  readonly properties?: PublishProperties | undefined;
}

/** Why a subscription is not granted: what a SUBACK of MQTT 5 says (3.9.3), and in words. */
export interface SubscriptionRefusal {
  readonly code: number;
  readonly reason: string;
}

const SHARED_NOT_SUPPORTED = 0x9e;

/** The way to subscribers: who subscribes to what, what is retained for them, and what is handed out. */
export class Deliveries {
  constructor(readonly options: DeliveriesOptions) {}

  /** Adds a subscription. @returns why it is not granted; undefined: it is. */
  grant(connection: Connection, filter: string, grant: Grant): SubscriptionRefusal | undefined {
    // MQTT 3.1.1 does not know them.
    if (filter.startsWith('$share/') && connection.version === 4)
      return { code: SHARED_NOT_SUPPORTED, reason: 'shared subscriptions are not of MQTT 3.1.1' };
    const { sessions, subscriptionsPerClientMax } = this.options;
    const { client, subscriptions } = connection;
    const held = client.clean === false ? sessions.subscriptionsOf(client.id) : subscriptions;
    const refuse = (reason: string, code: number = AckCode.quotaExceeded) => {
      connection.warn('subscription refused', reason, filter);
      // A session that is restored may not have it any more.
      if (held?.has(filter)) this.unsubscribe(connection, [filter]);
      return { code, reason };
    };
    connection.leaving?.delete(filter);
    if (!connection.maySubscribe(sharedFilterOf(filter) ?? filter))
      return refuse('not authorized', AckCode.notAuthorized);
    if (!held?.has(filter) && (held?.size ?? 0) >= subscriptionsPerClientMax)
      return refuse(`more than ${subscriptionsPerClientMax} subscriptions`);
    return this.#add(connection, filter, grant) ? undefined : refuse('no room for more subscriptions');
  }

  /** The client unsubscribes. What it published before in the same piece of bytes is still on its way to it. */
  unsubscribeSoon(connection: Connection, filters: readonly string[]): void {
    const leaving = connection.leaving ?? new Set();
    connection.leaving = leaving;
    for (const filter of filters) leaving.add(filter);
    setImmediate(() => {
      // Not what was subscribed again.
      this.unsubscribe(
        connection,
        filters.filter((filter) => leaving.delete(filter)),
      );
    });
  }

  unsubscribe(connection: Connection, filters: Iterable<string>): void {
    const { sessions, budget } = this.options;
    const { client, subscriptions, owner } = connection;
    if (client.clean === false) sessions.unsubscribe(client, filters);
    else
      for (const filter of filters) {
        if (!subscriptions.delete(filter)) continue;
        this.options.subscriptions.remove(filter, connection);
        budget.give(owner, subscriptionBytes(filter));
      }
  }

  /** The connection is closed: the subscriptions of a clean session end with it. */
  leave(connection: Connection): void {
    if (connection.hasSubscriptions) this.unsubscribe(connection, [...connection.subscriptions.keys()]);
  }

  /** Sends what is retained, as fast as the client reads [MQTT-3.3.1-6]. */
  async sendRetained(connection: Connection, filters: readonly string[]): Promise<void> {
    for (const filter of filters)
      for await (const publish of this.options.retained.matching(filter)) {
        if (connection.tap.destroyed) return;
        if (!connection.mayRead(publish.topic)) continue;
        const qos = Math.min(publish.qos, this.#grantedFor(connection, publish.topic)) as 0 | 1 | 2;
        connection.sendRetained(publish, qos);
        if (!connection.isShort) await new Promise<void>((resolve) => connection.whenShort(resolve));
      }
  }

  /** Sends what is retained and a filter matches, for one subscription of MQTT 5, as fast as the client reads. */
  async sendRetainedTo(
    connection: Connection,
    session: Session,
    filter: string,
    grant: Grant,
  ): Promise<void> {
    for await (const publish of this.options.retained.matching(filter)) {
      if (connection.tap.destroyed) return;
      // [MQTT-3.8.3-3]
      if (grant.noLocal && publish.from === session.clientKey) continue;
      session.deliver(publish, Math.min(publish.qos, grant.qos) as 0 | 1 | 2, grant, true);
      if (!connection.isShort) await new Promise<void>((resolve) => connection.whenShort(resolve));
    }
  }

  /** Whether somebody subscribes to a topic. */
  hasSubscribers(topic: string): boolean {
    return this.options.subscriptions.index.matches(topic);
  }

  /** Keeps a publish if it is to be retained, and hands it to its subscribers. */
  publish(handed: Handed, done?: () => void): void {
    const { topic, payload, qos, retain, owner, publisher, from, properties } = handed;
    const { retained, subscriptions, fanOut, onRetainedFull } = this.options;
    const { index } = subscriptions;
    const origin = { from, retain, properties };
    if (retain && !retained.store(topic, payload, qos, owner, origin)) onRetainedFull(topic);
    if (index.isEmpty) done?.();
    else
      fanOut.add(new PublishSpread(new OutgoingPublish(topic, payload, qos, origin), index, done), publisher);
  }

  #add(connection: Connection, filter: string, grant: Grant): boolean {
    const { sessions, budget } = this.options;
    const { client, subscriptions, owner } = connection;
    if (client.clean === false) return sessions.subscribe(client, filter, grant, connection);
    if (!subscriptions.has(filter) && !budget.take(owner, subscriptionBytes(filter))) return false;
    subscriptions.set(filter, grant);
    this.options.subscriptions.add(filter, connection, grant);
    return true;
  }

  /** The highest QoS of the client's subscriptions that match [MQTT-3.3.5-1]. */
  #grantedFor({ client, subscriptions }: Connection, topic: string): 0 | 1 | 2 {
    const held = client.clean === false ? this.options.sessions.subscriptionsOf(client.id) : subscriptions;
    const levels = topic.split('/');
    let granted: 0 | 1 | 2 = 0;
    for (const [filter, { qos }] of held ?? [])
      if (qos > granted && matchesTopic(filter.split('/'), levels)) granted = qos;
    return granted;
  }
}
