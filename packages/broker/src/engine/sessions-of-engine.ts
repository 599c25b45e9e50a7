import { Readable } from 'node:stream';
import type { Subscription } from 'aedes';
import { contentOf } from '../lanes/publish-content.js';
import type { SessionOwner, Sessions } from '../sessions/sessions.js';
import type { Persistence, SessionPacket } from './aedes-internals.js';

const KNOWN = Promise.resolve({});
/** One for all. */
const UNKNOWN = new Error('no such packet');

/**
 * Sessions, as aedes asks for them. It delivers nothing itself, so what waits in a session and what is retained does not
 * come by here; subscriptions are added and removed where they
 * are granted.
 */
export class SessionsOfEngine implements Persistence {
  constructor(readonly sessions: Sessions) {}

  async setup(): Promise<void> {}

  createRetainedStreamCombi(): Readable {
    return Readable.from([]);
  }

  async addSubscriptions(): Promise<void> {}

  async removeSubscriptions(): Promise<void> {}

  async cleanSubscriptions({ id }: SessionOwner): Promise<void> {
    this.sessions.end(id);
  }

  async subscriptionsByClient({ id }: SessionOwner): Promise<Subscription[]> {
    return [...(this.sessions.subscriptionsOf(id) ?? [])].map(
      ([topic, { qos }]) => ({ topic, qos }) as Subscription,
    );
  }

  async outgoingUpdate(client: SessionOwner, { cmd, messageId }: SessionPacket): Promise<void> {
    if (cmd === 'pubrel') this.sessions.releaseOutgoing(client, messageId!);
  }

  async outgoingClearMessageId(client: SessionOwner, { messageId }: SessionPacket): Promise<undefined> {
    if (messageId !== undefined) this.sessions.acknowledge(client, messageId);
  }

  outgoingStream(): Readable {
    return Readable.from([]);
  }

  async incomingStorePacket(client: SessionOwner, packet: SessionPacket): Promise<void> {
    this.sessions.receive(client, packet.messageId!, contentOf(packet));
  }

  /** Rejects if it is not known, as aedes expects. */
  incomingGetPacket(client: SessionOwner, { messageId }: SessionPacket): Promise<unknown> {
    return this.sessions.hasReceived(client, messageId!) ? KNOWN : unknown();
  }

  incomingDelPacket(client: SessionOwner, { messageId }: SessionPacket): Promise<unknown> {
    return this.sessions.release(client, messageId!) ? KNOWN : unknown();
  }

  async cleanIncoming(client: SessionOwner): Promise<void> {
    this.sessions.releaseAll(client);
  }

  async putWill(): Promise<void> {}

  async delWill(): Promise<void> {}
}

/** Nothing is thrown, and it rejects once somebody listens: else it would cost more than the publish. */
function unknown(): Promise<never> {
  return new Promise((_, reject) => queueMicrotask(() => reject(UNKNOWN)));
}
