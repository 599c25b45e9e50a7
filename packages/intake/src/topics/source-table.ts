import { withoutCovered } from '@humtemp/bucket-core';
import { LabsSource } from '../counting/labs-source.js';
import type { PublishSource } from './publish-source.js';
import { TopicMemory } from './topic-memory.js';
import { isPlainLab, isTopicText } from './topic-text.js';

/** Topics of other sources than `labs` that are remembered, each with its source. */
const TOPICS_REMEMBERED = 8192;

interface Found {
  readonly source: PublishSource;
  readonly match: unknown;
}

/**
 * The sources in force, in order: the first that knows a topic has it. They may be exchanged while publishes
 * come in; each publish is decoded by one of them, old or new.
 */
export class SourceTable {
  #sources: readonly PublishSource[];
  #labs: LabsSource | undefined;
  #others: readonly PublishSource[] = [];
  #remembered = new Map<string, Found | undefined>();
  /** The same, by the bytes of the topic. Undefined: there are none but `labs`. */
  #byBytes: TopicMemory<Found | undefined> | undefined;
  readonly #listeners: (() => void)[] = [];
  /** What the topic of the newest find says to its source. */
  match: unknown;
  /** The same, of a find by bytes, if it is a lab's id, and known to be one. */
  labId: string | undefined;

  constructor(sources: readonly PublishSource[]) {
    this.#sources = sources;
    this.#use(sources);
  }

  get sources(): readonly PublishSource[] {
    return this.#sources;
  }

  /** What a subscriber has to subscribe to: none that another one covers. */
  get filters(): readonly string[] {
    return withoutCovered(this.#sources.flatMap(({ filters }) => filters));
  }

  /** Exchanges the sources. */
  replace(sources: readonly PublishSource[]): void {
    this.#use(sources);
    for (const listener of this.#listeners) listener();
  }

  /** Calls back after each exchange. */
  onReplaced(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The source of a topic; `match` then is what the topic says to it. */
  find(topic: string): PublishSource | undefined {
    const lab = this.#labs?.match(topic);
    if (lab !== undefined) {
      this.match = lab;
      return this.#labs;
    }
    const found = this.#others.length === 0 ? undefined : this.#findOther(topic);
    this.match = found?.match;
    return found?.source;
  }

  /** As `find`, of a topic given as bytes. */
  findBytes(bytes: Buffer, start: number, end: number): PublishSource | undefined {
    const lab = this.#labs?.topics.labOfBytes(bytes, start, end);
    if (lab !== undefined) {
      this.match = lab;
      this.labId = this.#labs!.topics.isLabId ? lab : undefined;
      return this.#labs;
    }
    this.labId = undefined;
    const found = this.#byBytes?.valueOf(bytes, start, end);
    this.match = found?.match;
    return found?.source;
  }

  /** Whether the newest find, by bytes, leaves no doubt that its topic is a text as MQTT has them. */
  isPlain(source: PublishSource): boolean {
    return source !== this.#labs || this.labId !== undefined || isPlainLab(this.match as string);
  }

  /** The lab that a topic names; undefined for other topics, and where the payload names it. */
  labOf(topic: string): string | undefined {
    const source = this.find(topic);
    return source?.labOf?.(this.match);
  }

  #use(sources: readonly PublishSource[]): void {
    this.#sources = sources;
    const [first, ...others] = sources;
    this.#labs = first instanceof LabsSource ? first : undefined;
    this.#others = this.#labs === undefined ? sources : others;
    this.#remembered = new Map();
    this.#byBytes =
      this.#others.length === 0
        ? undefined
        : new TopicMemory((bytes, start, end) =>
            isTopicText(bytes.subarray(start, end))
              ? this.#findOther(bytes.toString('utf8', start, end))
              : undefined,
          );
  }

  #findOther(topic: string): Found | undefined {
    const remembered = this.#remembered;
    if (remembered.has(topic)) return remembered.get(topic);
    let found: Found | undefined;
    for (const source of this.#others) {
      const match = source.match(topic);
      if (match === undefined) continue;
      found = { source, match };
      break;
    }
    if (remembered.size >= TOPICS_REMEMBERED) remembered.clear();
    remembered.set(topic, found);
    return found;
  }
}
