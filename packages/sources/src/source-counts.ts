import { SOURCE_EVENTS, type SourceEvent } from './tables/source-count.js';

/** Keys that look like a temperature or humidity and were not used, that are listed of one source. */
const UNUSED_KEYS_MAX = 50;

/** What a source saw besides observations, rejections and ignored publishes, which intake counts. */
export interface SourceReport {
  readonly name: string;
  readonly filters: readonly string[];
  readonly live: boolean;
  readonly events: Readonly<Partial<Record<SourceEvent, number>>>;
  /** Looked for in the first publishes, and then in one of 64: their numbers are not to be added up. */
  readonly unused_keys: readonly UnusedKey[];
}

/** A key that looks like a temperature or humidity of the air, and that the source does not read. */
export interface UnusedKey {
  readonly path: string;
  readonly seen: number;
  readonly example: string;
  readonly topic: string;
}

/** Counts of one source. Adding allocates nothing. */
export class SourceCounts {
  readonly #events = Object.fromEntries(SOURCE_EVENTS.map((event) => [event, 0])) as Record<
    SourceEvent,
    number
  >;
  readonly #unusedKeys = new Map<string, { path: string; seen: number; example: string; topic: string }>();

  readonly event = (event: SourceEvent): void => {
    this.#events[event] += 1;
  };

  unused(path: string, value: unknown, topic: string): void {
    const known = this.#unusedKeys.get(path);
    if (known !== undefined) known.seen += 1;
    else if (this.#unusedKeys.size < UNUSED_KEYS_MAX)
      this.#unusedKeys.set(path, { path, seen: 1, example: JSON.stringify(value).slice(0, 40), topic });
  }

  report(): Pick<SourceReport, 'events' | 'unused_keys'> {
    const events = SOURCE_EVENTS.flatMap((event) => {
      const count = this.#events[event];
      return count === 0 ? [] : [[event, count] as const];
    });
    return {
      events: Object.fromEntries(events),
      unused_keys: [...this.#unusedKeys.values()].map((key) => ({ ...key })),
    };
  }
}
