import { isLabId } from '@humtemp/bucket-core';
import { hashOf } from './hash-of.js';

/** Finds the lab in the bytes of a topic, without making a text of the topic. */
export interface TopicMatcher {
  /** As `TopicFilters.labOf()` would say. */
  labOf(bytes: Buffer, start: number, end: number): string | undefined;
  /** Whether what was found last is known to be a lab id. */
  readonly isLabId: boolean;
}

/** A power of two. */
const LABS_REMEMBERED = 8192;

const SLASH = 0x2f;
const PLUS = 0x2b;
const HASH = 0x23;
const DOLLAR = 0x24;

/** The matcher of a filter `literal + literal` with one wildcard, as almost every filter is. */
export class OneLevelMatcher implements TopicMatcher {
  /**
   * The same labs come again and again: to compare is cheaper than to make a text, and hash it, each time. Each has two
   * slots to stand in, side by side: of a thousand labs, every ninth would share the only one with another.
   */
  readonly #labs = new Array<string>(LABS_REMEMBERED).fill('');
  isLabId = false;

  /** @param before bytes in front of the lab. @param after bytes behind it. */
  constructor(
    readonly before: Buffer,
    readonly after: Buffer,
  ) {}

  labOf(bytes: Buffer, start: number, end: number): string | undefined {
    const { before, after } = this;
    const labStart = start + before.length;
    const labEnd = end - after.length;
    if (labEnd < labStart) return undefined;
    for (let i = 0; i < before.length; i++) if (bytes[start + i] !== before[i]) return undefined;
    for (let i = 0; i < after.length; i++) if (bytes[labEnd + i] !== after[i]) return undefined;
    if (before.length === 0 && bytes[start] === DOLLAR) return undefined;
    const labs = this.#labs;
    const slot = hashOf(bytes, labStart, labEnd) & (LABS_REMEMBERED - 1);
    const first = labs[slot]!;
    if (isText(first, bytes, labStart, labEnd)) return this.#remembered(first);
    const second = labs[slot ^ 1]!;
    if (isText(second, bytes, labStart, labEnd)) return this.#remembered(second);
    for (let i = labStart; i < labEnd; i++) {
      const byte = bytes[i]!;
      if (byte === SLASH || byte === PLUS || byte === HASH) return undefined;
    }
    // What is not ASCII becomes something that is no lab id, which is what it is.
    const lab = bytes.toString('latin1', labStart, labEnd);
    this.isLabId = isLabId(lab);
    if (this.isLabId) labs[first === '' || second !== '' ? slot : slot ^ 1] = lab;
    return lab;
  }

  #remembered(lab: string): string {
    this.isLabId = lab !== '';
    return lab;
  }
}

function isText(text: string, bytes: Buffer, start: number, end: number): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) !== bytes[start + i]) return false;
  return true;
}
