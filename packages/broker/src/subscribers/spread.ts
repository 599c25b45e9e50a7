import type { Spread } from './fan-out.js';
import { type Grant, merged } from './grant.js';
import type { OutgoingPublish } from './outgoing-publish.js';
import type { Subscriber } from './subscriber.js';
import type { SubscriptionIndex } from './subscription-index.js';

/** Deliveries of one step. */
const STEP = 100;
/** Bytes of a payload that cost as much as a delivery. */
const BYTES_OF_ONE = 4096;

/** One publish on its way to all who subscribe to it, each once, at the highest QoS of its filters [MQTT-3.3.5-1]. */
export class PublishSpread implements Spread {
  #subscribers: [Subscriber, Grant][] | undefined;
  #at = 0;

  constructor(
    readonly publish: OutgoingPublish,
    readonly index: SubscriptionIndex<Subscriber, Grant>,
    readonly onDone: (() => void) | undefined,
  ) {}

  step(): number {
    this.#subscribers ??= this.#find();
    const { publish } = this;
    const end = Math.min(this.#at + STEP, this.#subscribers.length);
    const count = end - this.#at;
    for (; this.#at < end; this.#at++) {
      const [subscriber, granted] = this.#subscribers[this.#at]!;
      // As published, or as granted if that is less [MQTT-3.8.4-6].
      subscriber.deliver(publish, Math.min(publish.qos, granted.qos) as 0 | 1 | 2, granted);
    }
    return count * (1 + Math.floor(publish.bytes / BYTES_OF_ONE));
  }

  done(): void {
    this.onDone?.();
  }

  #find(): [Subscriber, Grant][] {
    const { publish } = this;
    const found = new Map<Subscriber, Grant>();
    this.index.visit(publish.topic, (subscriber, grant) => {
      // [MQTT-3.8.3-3]
      if (grant.noLocal && subscriber.clientKey === publish.from) return;
      const known = found.get(subscriber);
      found.set(subscriber, known === undefined ? grant : merged(known, grant));
    });
    return [...found];
  }
}
