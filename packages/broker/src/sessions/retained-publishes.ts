import { setImmediate as nextTurn } from 'node:timers/promises';
import { filterLevels, matchesTopic } from '@humtemp/bucket-core';
import type { Budget } from '../budgets/budget.js';
import { OutgoingPublish, type PublishOrigin } from '../subscribers/outgoing-publish.js';

export interface RetainedLimits {
  readonly retainedMessagesMax: number;
  readonly retainedBytesMax: number;
}

/** Topics that are looked at before others have their turn. */
const TOPICS_PER_TURN = 1000;
/** What one takes besides its topic and payload. */
const OVERHEAD_BYTES = 700;

interface Retained {
  readonly publish: OutgoingPublish;
  readonly owner: string;
}

/** The last retained publish of each topic. */
export class RetainedPublishes {
  readonly #byTopic = new Map<string, Retained>();
  #bytes = 0;

  constructor(
    readonly limits: RetainedLimits,
    readonly budget: Budget,
  ) {}

  /**
   * Keeps a publish, or nothing of its topic if it is empty [MQTT-3.3.1-10].
   * @param owner whose memory it is.
   * @returns false if there is no room for it.
   */
  store(topic: string, payload: Buffer, qos: 0 | 1 | 2, owner: string, origin?: PublishOrigin): boolean {
    this.#delete(topic);
    if (payload.length === 0) return true;
    const publish = new OutgoingPublish(topic, payload, qos, origin);
    const { retainedMessagesMax, retainedBytesMax } = this.limits;
    if (this.#byTopic.size >= retainedMessagesMax) this.#deleteExpired();
    if (this.#byTopic.size >= retainedMessagesMax || this.#bytes + publish.bytes > retainedBytesMax)
      return false;
    if (!this.budget.take(owner, publish.bytes + OVERHEAD_BYTES)) return false;
    publish.keep();
    this.#bytes += publish.bytes;
    this.#byTopic.set(topic, { publish, owner });
    return true;
  }

  /** What a filter matches. */
  async *matching(filter: string): AsyncGenerator<OutgoingPublish> {
    if (!/[+#]/.test(filter)) {
      const retained = this.#byTopic.get(filter);
      if (retained?.publish.isExpired) this.#delete(filter);
      else if (retained !== undefined) yield retained.publish;
      return;
    }
    const levels = filterLevels(filter);
    if (levels === undefined) return;
    let looked = 0;
    for (const [topic, { publish }] of this.#byTopic) {
      if (++looked % TOPICS_PER_TURN === 0) await nextTurn();
      if (!matchesTopic(levels, topic.split('/'))) continue;
      if (publish.isExpired) this.#delete(topic);
      else yield publish;
    }
  }

  /** Those whose time is over [MQTT-3.3.2-5]. */
  #deleteExpired(): void {
    for (const [topic, { publish }] of this.#byTopic) if (publish.isExpired) this.#delete(topic);
  }

  #delete(topic: string): void {
    const retained = this.#byTopic.get(topic);
    if (retained === undefined) return;
    this.#bytes -= retained.publish.bytes;
    this.budget.give(retained.owner, retained.publish.bytes + OVERHEAD_BYTES);
    this.#byTopic.delete(topic);
  }
}
