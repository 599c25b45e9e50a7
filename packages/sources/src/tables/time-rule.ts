import { FUTURE_MS_MAX } from '@humtemp/bucket-core';
import type { Path } from '../language/path.js';
import { parseTimeFormats, type TimeFormats, timestampMs } from '../language/time-format.js';
import { Finder } from './finder.js';
import type { SourceEvent } from './source-count.js';
import { firstAt, type Place } from './walk.js';

export type TimePolicy = 'receipt' | 'reject';

export interface TimeDescription {
  readonly path: string | readonly string[];
  readonly format: string | readonly string[];
  readonly absent?: TimePolicy;
  readonly wrong?: TimePolicy;
  readonly future?: TimePolicy;
}

/** The timestamp was refused. */
export const TIME_WRONG = Number.NEGATIVE_INFINITY;
export const TIME_FUTURE = Number.POSITIVE_INFINITY;
/** No time of its own: the time of receipt holds. */
export const AT_RECEIPT = Number.NaN;

/** How a source reads the time of an observation. */
export class TimeRule {
  readonly #finders: readonly Finder[];
  readonly #formats: TimeFormats;
  readonly #policies: Required<Pick<TimeDescription, 'absent' | 'wrong' | 'future'>>;

  /** @throws RangeError that says what was expected. */
  constructor(description: TimeDescription) {
    this.#finders = [description.path].flat().map((text) => new Finder(text, undefined, []));
    this.#formats = parseTimeFormats([description.format].flat());
    const { absent = 'receipt', wrong = 'reject', future = 'reject' } = description;
    this.#policies = { absent, wrong, future };
  }

  get paths(): readonly Path[] {
    return this.#finders.map(({ path }) => path);
  }

  /** Whether a text may be a date and time with its zone. */
  get readsIsoTimes(): boolean {
    return this.#formats.rfc3339;
  }

  /** Unix milliseconds, AT_RECEIPT, TIME_WRONG or TIME_FUTURE. */
  read(element: unknown, document: unknown, nowMs: number, count: (event: SourceEvent) => void): number {
    let value: unknown;
    for (let i = 0; i < this.#finders.length; i++) {
      value = this.#finders[i]!.findPlain(element, document);
      if (value !== undefined && value !== null) break;
    }
    if (value === undefined || value === null) {
      if (this.#policies.absent === 'reject') return TIME_WRONG;
      count('timestamp_absent');
      return AT_RECEIPT;
    }
    const ms = timestampMs(value, this.#formats, nowMs);
    if (ms === undefined) {
      if (this.#policies.wrong === 'reject') return TIME_WRONG;
      count('timestamp_wrong');
      return AT_RECEIPT;
    }
    if (ms > nowMs + FUTURE_MS_MAX) {
      if (this.#policies.future === 'reject') return TIME_FUTURE;
      count('timestamp_future');
      return AT_RECEIPT;
    }
    return ms;
  }

  /** Where the timestamp stands. */
  locate(element: unknown, document: unknown, found: ((place: Place) => void) | undefined): void {
    for (const { path } of this.#finders) {
      const value = firstAt(path.fromDocument ? document : element, path.steps);
      if (value === undefined || value === null) continue;
      firstAt(path.fromDocument ? document : element, path.steps, 0, found);
      return;
    }
  }
}
