import type { Grant } from './grant.js';
import type { OutgoingPublish } from './outgoing-publish.js';

/** Whoever holds subscriptions: a connection, or a session that outlives its connections. */
export interface Subscriber {
  /** Of the account and the client id. */
  readonly clientKey: string;
  /** Whether what it gets is sent now; if not, it waits. */
  readonly isThere: boolean;
  /** Gets a publish that matches one of its filters. @param qos as it was granted for this publish. */
  deliver(publish: OutgoingPublish, qos: 0 | 1 | 2, grant: Grant): void;
}
