import type { OutgoingPublish } from './outgoing-publish.js';

/** Whoever holds subscriptions: a connection, or a session that outlives its connections. */
export interface Subscriber {
  /** Gets a publish that matches one of its filters. @param qos as it was granted for this publish. */
  deliver(publish: OutgoingPublish, qos: 0 | 1 | 2): void;
}
