import { ABSENT, isHumidity, isTemp, LIMITS, toThousandths } from '@humtemp/bucket-core';
import { toCelsius, type Unit } from '../language/unit.js';
import type { SourceEvent } from './source-count.js';

export type Metric = 'temp' | 'humidity';

/** What became of a value, beside thousandths. No valid value reaches these. */
export const NO_READING = ABSENT + 1;
export const WRONG = ABSENT + 2;

/** The least that stands for a value. */
const FIRST_VALUE = ABSENT + 3;
export const isReading = (thousandths: number) => thousandths >= FIRST_VALUE;

export interface RangeDescription {
  readonly min?: number;
  readonly max?: number;
  readonly outside?: 'reject' | 'drop' | 'clamp';
  readonly clamp_within?: number;
}

/** How little beyond its range a value is clamped, unless the source says otherwise. */
const CLAMP_WITHIN = 5;

/** Texts by which devices and programs say that there is no reading. */
const NO_READING_TEXTS = new Set([
  '',
  'nan',
  '-nan',
  'inf',
  '-inf',
  'null',
  'none',
  'n/a',
  'na',
  '-',
  '--',
  'unavailable',
  'unknown',
  'undefined',
  'offline',
]);
const NUMBER_TEXT = /^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$/;
const TEXT_LENGTH_MAX = 40;

/** How a source reads one metric: what is a number, what is none, and what is beyond belief. */
export class MetricRule {
  readonly #isWithinLimits: (value: number) => boolean;
  readonly #min: number;
  readonly #max: number;
  readonly #outside: 'reject' | 'drop' | 'clamp';
  readonly #clampWithin: number;
  readonly #notNumbers: readonly number[];
  readonly #notTexts: ReadonlySet<string>;

  constructor(
    readonly metric: Metric,
    readonly textNumbers: boolean,
    range: RangeDescription,
    not: readonly (number | string)[],
  ) {
    this.#isWithinLimits = metric === 'temp' ? isTemp : isHumidity;
    const { minimum: least, maximum: most } = LIMITS[metric];
    this.#min = Math.max(range.min ?? least, least);
    this.#max = Math.min(range.max ?? most, most);
    this.#outside = range.outside ?? 'reject';
    this.#clampWithin = this.#outside === 'clamp' ? (range.clamp_within ?? CLAMP_WITHIN) : 0;
    this.#notNumbers = not.filter((value) => typeof value === 'number');
    this.#notTexts = new Set(not.map((value) => String(value).toLowerCase()));
  }

  /**
   * Thousandths of °C or %RH, or one of ABSENT, NO_READING, WRONG. Events go to `count`.
   * @param scale what the number is multiplied by, once it is known to be a reading
   */
  read(value: unknown, unit: Unit, count: (event: SourceEvent) => void, scale = 1): number {
    let number: number;
    if (typeof value === 'number') number = value;
    else if (value === undefined) return ABSENT;
    else if (value === null) return this.#noReading(count);
    else if (typeof value === 'string') {
      const text = value.length > TEXT_LENGTH_MAX ? value : value.trim().toLowerCase();
      if (NO_READING_TEXTS.has(text) || this.#notTexts.has(text)) return this.#noReading(count);
      if (!this.textNumbers || value.length > TEXT_LENGTH_MAX || !NUMBER_TEXT.test(text)) return WRONG;
      number = Number(text);
    } else return WRONG;
    if (this.#notNumbers.length > 0 && this.#notNumbers.includes(number)) return this.#noReading(count);
    const scaled = scale === 1 ? number : number * scale;
    const converted = unit === 'C' ? scaled : toCelsius(scaled, unit);
    if (converted >= this.#min && converted <= this.#max) return toThousandths(converted);
    return this.#readOutside(converted, count);
  }

  #readOutside(value: number, count: (event: SourceEvent) => void): number {
    if (this.#outside === 'drop') {
      count('dropped');
      return NO_READING;
    }
    const border = value < this.#min ? this.#min : this.#max;
    if (Math.abs(value - border) > this.#clampWithin || Number.isNaN(value)) return WRONG;
    if (this.#outside !== 'clamp' || !this.#isWithinLimits(border)) return WRONG;
    count('clamped');
    return toThousandths(border);
  }

  #noReading(count: (event: SourceEvent) => void): number {
    count('no_reading');
    return NO_READING;
  }
}
