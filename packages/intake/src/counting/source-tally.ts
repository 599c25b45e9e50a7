import type { RejectionReason } from '@humtemp/bucket-core';
import type { Publish } from '../topics/publish-source.js';

/** A publish, as people look at it. */
export interface PublishExample {
  /** When it came, Unix milliseconds. */
  readonly atMs: number;
  readonly topic: string;
  readonly excerpt: string;
}

/** One kind of what a source made of publishes: how often, and the newest that was kept. */
export interface TallyLine {
  readonly count: number;
  readonly example: PublishExample | undefined;
}

/** What a source rejected in a while, for the log. */
export interface RejectionNote {
  readonly source: string;
  readonly reason: RejectionReason;
  /** Only one metric was wrong; the rest of the observation counts. */
  readonly isMetric: boolean;
  /** Since the last note of this kind. */
  readonly count: number;
  readonly topic: string;
}

/** A kind of rejection is noted at once, and then no more often than this. */
const NOTE_EVERY_MS = 60_000;
/** An example of what is well is kept this often: to make one costs more than to count. */
const EXAMPLE_EVERY_MS = 1000;

/** A line of what is well. */
class Sampled implements TallyLine {
  count = 0;
  example: PublishExample | undefined;
  #sampleFromMs = -Infinity;

  add(publish: Publish, nowMs: number): void {
    this.count += 1;
    if (nowMs >= this.#sampleFromMs) this.#sample(publish, nowMs);
  }

  #sample({ topic, payload }: Publish, nowMs: number): void {
    this.#sampleFromMs = nowMs + EXAMPLE_EVERY_MS;
    this.example = { atMs: nowMs, topic: topic.toString(), excerpt: payload.excerpt };
  }
}

interface Noted extends TallyLine {
  count: number;
  example: PublishExample | undefined;
  unnoted: number;
  notedMs: number;
}

/** What became of the publishes of one source, in this process. */
export class SourceTally {
  publishes = 0;
  readonly observations = new Sampled();
  readonly ignored = new Sampled();
  readonly #rejected = new Map<RejectionReason, Noted>();
  readonly #metricsRejected = new Map<RejectionReason, Noted>();

  constructor(
    readonly source: string,
    private readonly onNote: (note: RejectionNote) => void,
  ) {}

  /** By reason: publishes, and elements of arrays, that were no observation. */
  get rejected(): ReadonlyMap<RejectionReason, TallyLine> {
    return this.#rejected;
  }

  /** By reason: metrics that were wrong in observations that counted without them. */
  get metricsRejected(): ReadonlyMap<RejectionReason, TallyLine> {
    return this.#metricsRejected;
  }

  /** @param example the publish, as it is listed. */
  reject(reason: RejectionReason, isMetric: boolean, example: PublishExample, count = 1): void {
    const lines = isMetric ? this.#metricsRejected : this.#rejected;
    let line = lines.get(reason);
    if (line === undefined) {
      line = { count: 0, example: undefined, unnoted: 0, notedMs: -Infinity };
      lines.set(reason, line);
    }
    line.count += count;
    line.unnoted += count;
    line.example = example;
    // A clock that was set back must not silence it for long.
    if (Math.abs(example.atMs - line.notedMs) < NOTE_EVERY_MS) return;
    line.notedMs = example.atMs;
    const { topic } = example;
    this.onNote({ source: this.source, reason, isMetric, count: line.unnoted, topic });
    line.unnoted = 0;
  }
}
