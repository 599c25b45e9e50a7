import { hashOf } from './hash-of.js';

/** A power of two. */
const TOPICS_REMEMBERED = 8192;
/** A longer topic is looked up each time. */
const TOPIC_BYTES_MAX = 256;

/**
 * What was found for a topic, remembered by its bytes: the same topics come again and again, and to compare
 * bytes is cheaper than to make a text of them, check it and hash it, each time.
 */
export class TopicMemory<T> {
  readonly #topics = new Array<Uint8Array | undefined>(TOPICS_REMEMBERED).fill(undefined);
  readonly #values = new Array<T | undefined>(TOPICS_REMEMBERED).fill(undefined);

  constructor(readonly lookUp: (bytes: Buffer, start: number, end: number) => T) {}

  valueOf(bytes: Buffer, start: number, end: number): T {
    if (end - start > TOPIC_BYTES_MAX) return this.lookUp(bytes, start, end);
    const slot = slotOf(bytes, start, end);
    const topic = this.#topics[slot];
    if (topic !== undefined && isSame(topic, bytes, start, end)) return this.#values[slot] as T;
    return this.#beside(slot, bytes, start, end);
  }

  /** Two topics have one place: the one that came before is in the slot behind it. */
  #beside(slot: number, bytes: Buffer, start: number, end: number): T {
    const other = slot + 1;
    const topic = this.#topics[other];
    if (topic !== undefined && isSame(topic, bytes, start, end)) return this.#values[other] as T;
    const value = this.lookUp(bytes, start, end);
    this.#topics[other] = this.#topics[slot];
    this.#values[other] = this.#values[slot];
    this.#topics[slot] = Uint8Array.prototype.slice.call(bytes, start, end);
    this.#values[slot] = value;
    return value;
  }
}

/** The first of two slots. */
function slotOf(bytes: Buffer, start: number, end: number): number {
  return hashOf(bytes, start, end) & (TOPICS_REMEMBERED - 2);
}

function isSame(topic: Uint8Array, bytes: Buffer, start: number, end: number): boolean {
  if (topic.length !== end - start) return false;
  for (let i = 0; i < topic.length; i++) if (topic[i] !== bytes[start + i]) return false;
  return true;
}
