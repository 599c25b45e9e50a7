import type { Aedes, Client, PublishPacket, Subscription } from 'aedes';
import { matchesTopic } from '../access/topic-match.js';
import type { Connection } from '../connection/connection.js';
import type { BrokerCounters } from '../counters.js';
import { clientInternalsOf, internalsOf, type SessionPacket } from '../engine/aedes-internals.js';
import { PublishQueue } from '../lanes/publish-queue.js';
import type { Sessions } from '../sessions/sessions.js';
import type { SubscriptionIndex } from './subscription-index.js';

export interface DeliveriesOptions {
  readonly aedes: Aedes;
  readonly index: SubscriptionIndex;
  readonly sessions: Sessions;
  /** Subscriptions as they were granted. */
  readonly granted: WeakSet<Subscription>;
  readonly counters: BrokerCounters;
  readonly connectionOf: (client: Client) => Connection | undefined;
}

type Deliver = (packet: PublishPacket, callback: () => void) => void;

/**
 * The way from aedes to subscribers: what is granted, what they may read, and that nobody waits for one that does not.
 * aedes works on a bounded number of publishes at a time, and is through with one when all its subscribers have it. Here
 * it is through when it is in their output, however full that is; a subscriber whose output has its fill gets no more.
 */
export class Deliveries {
  constructor(readonly options: DeliveriesOptions) {
    const { aedes, index } = options;
    aedes.authorizeSubscribe = (client, subscription, callback) =>
      // null is answered with 0x80, failure [MQTT-3.9.3].
      callback(null, this.#isGranted(client, subscription) ? subscription : null);
    aedes.authorizeForward = (client, packet) =>
      this.#isForwarded(client, packet) ? asGranted(client, packet) : null;
    aedes.on('unsubscribe', (filters, client) => {
      const connection = options.connectionOf(client);
      for (const filter of filters) connection?.subscriptions.delete(filter);
    });

    const internals = internalsOf(aedes);
    const queue = new PublishQueue({
      get counter() {
        return internals.counter;
      },
      publish: internals.publish.bind(aedes),
      emit: internals.mq.emit.bind(internals.mq),
    });
    internals.mq.emit = (packet, callback) => queue.emit(packet, callback);
    internals.publish = (packet, client, done) =>
      typeof client === 'function'
        ? queue.publish(packet, null, client)
        : queue.publish(packet, client, done);
    const subscribe = internals.subscribe.bind(aedes);
    const unsubscribe = internals.unsubscribe.bind(aedes);
    const released = new WeakMap<Deliver, Deliver>();
    internals.subscribe = (filter, deliver, done) => {
      const release: Deliver = (packet, callback) => {
        deliver(packet, () => {});
        // aedes writes in the next turn.
        setImmediate(callback);
      };
      released.set(deliver, release);
      index.add(filter, deliver);
      subscribe(filter, release, done);
    };
    internals.unsubscribe = (filter, deliver, done) => {
      index.remove(filter, deliver);
      unsubscribe(filter, released.get(deliver) ?? deliver, done);
    };
  }

  #isGranted(client: Client, subscription: Subscription): boolean {
    const { granted, connectionOf } = this.options;
    // aedes would grant a shared subscription and then deliver nothing.
    if (subscription.topic.startsWith('$share/')) return false;
    if (connectionOf(client)?.subscribe(subscription) !== true) return false;
    granted.add(subscription);
    return true;
  }

  #isForwarded(client: Client, packet: PublishPacket): boolean {
    const { connectionOf, sessions, counters } = this.options;
    const connection = connectionOf(client);
    if (connection === undefined) return false;
    if (!connection.mayRead(packet.topic)) {
      sessions.withdraw(client, packet as SessionPacket);
      return false;
    }
    // Retained publishes, and what a session has kept, come as fast as the client reads.
    if (packet.retain || packet.messageId !== undefined || !connection.backlog.isFull) return true;
    if (sessions.isQueued(client, packet as SessionPacket))
      connection.end('it does not read what it subscribes to; what it misses waits in its session');
    else {
      counters.deliveriesDropped += 1;
      connection.tell('publishes dropped for a subscriber', 'it does not read what it subscribes to');
    }
    return false;
  }
}

/**
 * A publish at a QoS that was granted: the highest of the subscriptions that match [MQTT-3.3.5-1]. aedes looks for one that
 * is the topic itself, and delivers what is retained at QoS 1 at least.
 */
function asGranted<Packet extends PublishPacket>(client: Client, packet: Packet): Packet {
  const { qos = 0, topic } = packet;
  // At QoS 1 aedes is right, but for what is retained.
  if (qos < (packet.retain ? 1 : 2)) return packet;
  const levels = topic.split('/');
  let granted: 0 | 1 | 2 = 0;
  for (const [filter, subscription] of Object.entries(clientInternalsOf(client).subscriptions))
    if (subscription.qos > granted && matchesTopic(filter.split('/'), levels)) granted = subscription.qos;
  return granted >= qos ? packet : { ...packet, qos: granted };
}
