import { setImmediate as nextTurn } from 'node:timers/promises';
import type { PublishPacket } from 'aedes';
import { filterLevels, matchesTopic } from '../access/topic-match.js';

export interface RetainedLimits {
  readonly retainedMessagesMax: number;
  readonly retainedBytesMax: number;
}

/** Topics that are looked at before others have their turn. */
const TOPICS_PER_TURN = 1000;

/** The last retained publish of each topic. */
export class RetainedPublishes {
  readonly #byTopic = new Map<string, PublishPacket & { readonly payload: Buffer }>();
  #bytes = 0;

  constructor(readonly limits: RetainedLimits) {}

  /** Keeps a publish, or nothing of its topic if it is empty [MQTT-3.3.1-10]. @returns false if there is no room for it. */
  store(packet: PublishPacket): boolean {
    const { topic } = packet;
    this.#delete(topic);
    const payload = Buffer.from(packet.payload as Buffer);
    if (payload.length === 0) return true;
    const bytes = topic.length + payload.length;
    if (
      this.#byTopic.size >= this.limits.retainedMessagesMax ||
      this.#bytes + bytes > this.limits.retainedBytesMax
    )
      return false;
    this.#bytes += bytes;
    this.#byTopic.set(topic, { ...packet, payload });
    return true;
  }

  /** For each filter, what it matches. */
  async *matching(filters: readonly string[]): AsyncGenerator<PublishPacket> {
    let looked = 0;
    for (const filter of filters) {
      if (!/[+#]/.test(filter)) {
        const packet = this.#byTopic.get(filter);
        if (packet !== undefined) yield packet;
        continue;
      }
      const levels = filterLevels(filter);
      if (levels === undefined) continue;
      for (const [topic, packet] of this.#byTopic) {
        if (++looked % TOPICS_PER_TURN === 0) await nextTurn();
        if (matchesTopic(levels, topic.split('/'))) yield packet;
      }
    }
  }

  #delete(topic: string): void {
    const packet = this.#byTopic.get(topic);
    if (packet === undefined) return;
    this.#bytes -= topic.length + packet.payload.length;
    this.#byTopic.delete(topic);
  }
}
