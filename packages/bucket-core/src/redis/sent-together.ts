import type { RedisLink } from './redis-link.js';

/** Then what there is goes out, so that servers work while more is put together. */
const CALLS_MAX = 8;

/**
 * Commands that are sent one after the other go to the system together, some at a time: a write for each costs both sides more
 * than a small command itself.
 */
export class SentTogether {
  readonly #waiting = new Map<RedisLink, number>();

  /** What is sent next goes over this link. */
  next(link: RedisLink): void {
    const waiting = this.#waiting.get(link) ?? 0;
    if (waiting === 0) link.commits.stream.cork();
    else if (waiting % CALLS_MAX === 0) {
      link.commits.stream.uncork();
      link.commits.stream.cork();
    }
    this.#waiting.set(link, waiting + 1);
  }

  /** Nothing more is sent. */
  send(): void {
    for (const link of this.#waiting.keys()) link.commits.stream.uncork();
    this.#waiting.clear();
  }
}
