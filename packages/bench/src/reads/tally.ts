import { CAN_LOOK, cpuUsed, type Memory, memory, sumUs } from '../measuring/process-figures.js';
import type { Question } from './questions.js';
import type { Subject } from './subjects.js';

/** One question to one of those that answer, all rounds. */
export interface Asked {
  readonly labs: number;
  readonly question: string;
  readonly subject: string;
  readonly firstMs: readonly number[];
  readonly wholeMs: readonly number[];
  readonly rows: number;
  readonly bytes: number;
  /** User and system time of the process that answers. */
  readonly cpuUsPerRow: number;
  /** Highest while it answered, less what it was before its first answer. Of RSS, that is also pages of the database. */
  readonly grew: Memory;
}

const LOOK_MS = 5;
const NO_MEMORY: Memory = { rssBytes: 0, anonymousBytes: 0 };

/** Asks, and keeps what it took. */
export class Tally {
  readonly #firstMs: number[] = [];
  readonly #wholeMs: number[] = [];
  #cpuUs = 0;
  #before: Memory | undefined;
  #peak = NO_MEMORY;
  /** The last answer. */
  body: Buffer = Buffer.alloc(0);

  constructor(
    readonly subject: Subject,
    readonly question: Question,
    readonly labs: number,
  ) {}

  async ask(times: number): Promise<void> {
    const { pid } = this.subject;
    this.#before ??= this.#look();
    const timer = setInterval(() => this.#look(), LOOK_MS);
    const beforeUs = CAN_LOOK ? sumUs(cpuUsed(pid)) : 0;
    try {
      for (let i = 0; i < times; i++) {
        const { firstMs, wholeMs, body } = await this.subject.ask(this.question);
        this.#look();
        this.#firstMs.push(firstMs);
        this.#wholeMs.push(wholeMs);
        this.body = body;
      }
    } finally {
      clearInterval(timer);
    }
    this.#cpuUs += CAN_LOOK ? sumUs(cpuUsed(pid)) - beforeUs : 0;
  }

  /** @param rows of an answer */
  asked(rows: number): Asked {
    const before = this.#before ?? NO_MEMORY;
    return {
      labs: this.labs,
      question: this.question.name,
      subject: this.subject.name,
      firstMs: this.#firstMs,
      wholeMs: this.#wholeMs,
      rows,
      bytes: this.body.length,
      cpuUsPerRow: this.#cpuUs / (rows * this.#wholeMs.length),
      grew: {
        rssBytes: this.#peak.rssBytes - before.rssBytes,
        anonymousBytes: this.#peak.anonymousBytes - before.anonymousBytes,
      },
    };
  }

  #look(): Memory {
    const now = CAN_LOOK ? memory(this.subject.pid) : NO_MEMORY;
    this.#peak = {
      rssBytes: Math.max(this.#peak.rssBytes, now.rssBytes),
      anonymousBytes: Math.max(this.#peak.anonymousBytes, now.anonymousBytes),
    };
    return now;
  }
}
