import { type Grant, PLAIN_GRANTS } from './grant.js';
import type { OutgoingPublish } from './outgoing-publish.js';
import type { Subscriber } from './subscriber.js';
import type { SubscriptionIndex } from './subscription-index.js';

/** Those who share a subscription: each publish goes to one of them, by turns (MQTT 5, 4.8.2). */
export class SharedGroup implements Subscriber {
  readonly clientKey = '';
  readonly isThere = true;
  /** Whose turn is next comes first. */
  readonly #members = new Map<Subscriber, Grant>();

  get isEmpty(): boolean {
    return this.#members.size === 0;
  }

  add(member: Subscriber, grant: Grant): void {
    this.#members.set(member, grant);
  }

  remove(member: Subscriber): void {
    this.#members.delete(member);
  }

  deliver(publish: OutgoingPublish): void {
    const [member, grant] = this.#next();
    this.#members.delete(member);
    this.#members.set(member, grant);
    member.deliver(publish, Math.min(publish.qos, grant.qos) as 0 | 1 | 2, grant);
  }

  /** The next one that is there; if there is none, a session that waits. */
  #next(): [Subscriber, Grant] {
    for (const entry of this.#members) if (entry[0].isThere) return entry;
    const [first] = this.#members;
    return first!;
  }
}

/** All subscriptions: those of one subscriber, and those that several share. */
export class Subscriptions {
  /** By group and filter, as they are subscribed to. */
  readonly #groups = new Map<string, SharedGroup>();

  constructor(readonly index: SubscriptionIndex<Subscriber, Grant>) {}

  add(filter: string, subscriber: Subscriber, grant: Grant): void {
    const shared = sharedFilterOf(filter);
    if (shared === undefined) {
      this.index.add(filter, subscriber, grant);
      return;
    }
    const group = this.#groups.get(filter) ?? new SharedGroup();
    this.#groups.set(filter, group);
    if (group.isEmpty) this.index.add(shared, group, PLAIN_GRANTS[2]);
    group.add(subscriber, grant);
  }

  remove(filter: string, subscriber: Subscriber): void {
    const shared = sharedFilterOf(filter);
    const group = this.#groups.get(filter);
    if (shared === undefined) this.index.remove(filter, subscriber);
    else if (group !== undefined) {
      group.remove(subscriber);
      if (!group.isEmpty) return;
      this.index.remove(shared, group);
      this.#groups.delete(filter);
    }
  }
}

/** What is shared by `$share/group/filter`; undefined: it is no shared subscription. */
export function sharedFilterOf(filter: string): string | undefined {
  return /^\$share\/[^/+#]+\/(.+)$/s.exec(filter)?.[1];
}
