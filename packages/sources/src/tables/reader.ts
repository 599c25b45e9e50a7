import { ABSENT } from '@humtemp/bucket-core';
import { type Unit, unitOf } from '../language/unit.js';
import type { Finder } from './finder.js';
import { type Container, unwrapped } from './json-access.js';
import { isReading, type MetricRule, NO_READING, WRONG } from './metric-rule.js';
import { describeOutcome } from './outcome.js';
import type { Candidate } from './shape.js';
import type { SourceEvent } from './source-count.js';
import type { Reading } from './table.js';

/** Sensors that one element may have. */
const SENSORS_MAX = 1000;

/**
 * The values of one metric in one element, by the sensor that their keys name: '' for a key that names none.
 * The lists are kept from element to element.
 */
export class MetricReader {
  readonly sensors: string[] = [];
  /** Thousandths, NO_READING or WRONG. */
  readonly values: number[] = [];
  length = 0;
  /** More sensors than may be. */
  isTooLong = false;

  constructor(
    readonly rule: MetricRule,
    readonly finders: readonly Finder[],
  ) {}

  /**
   * The first alternative that is there wins, for each sensor.
   * @param candidates those that may be there. @param unit undefined: the payload does not say it.
   */
  read(element: unknown, candidates: readonly Candidate[], reading: Reading, unit: Unit | undefined): void {
    this.length = 0;
    this.isTooLong = false;
    for (let i = 0; i < candidates.length; i++) {
      const { finder, key, sensor } = candidates[i]!;
      if (key === undefined && finder.pattern !== undefined)
        this.#readMatching(finder, element, reading, unit);
      else if (!this.#has(sensor)) {
        const value = valueAt(finder, key, element, reading.document);
        if (value === undefined) continue;
        const thousandths = this.#valueOf(value, finder, unit, reading.count);
        this.#set(sensor, thousandths);
        if (this.isTooLong) return;
        if (reading.trace !== undefined) this.#trace(finder, key, sensor, thousandths, element, reading);
      }
    }
  }

  /** The value of a sensor, or ABSENT. */
  valueFor(sensor: string): number {
    for (let i = 0; i < this.length; i++) if (this.sensors[i] === sensor) return this.values[i]!;
    return ABSENT;
  }

  #readMatching(
    finder: Finder,
    element: unknown,
    { document, count, trace }: Reading,
    unit: Unit | undefined,
  ): void {
    const container = finder.containerIn(element, document);
    if (container === undefined) return;
    for (const key in container) {
      const sensor = finder.captureOf(key);
      if (sensor === undefined || this.#has(sensor)) continue;
      const value = finder.valueBehind(container[key]);
      if (value === undefined) continue;
      const thousandths = this.#valueOf(value, finder, unit, count);
      this.#set(sensor, thousandths);
      if (this.isTooLong) return;
      trace?.used(this.rule.metric, { container, key }, describeOutcome(thousandths, sensor));
    }
  }

  #trace(
    finder: Finder,
    key: string | undefined,
    sensor: string,
    thousandths: number,
    element: unknown,
    { document, trace }: Reading,
  ): void {
    const place =
      key === undefined || finder.pattern === undefined
        ? finder.locate(element, document)
        : { container: element as Container, key };
    if (place !== undefined) trace!.used(this.rule.metric, place, describeOutcome(thousandths, sensor));
  }

  #valueOf(
    value: unknown,
    finder: Finder,
    elementUnit: Unit | undefined,
    count: (event: SourceEvent) => void,
  ): number {
    const unit = finder.unit ?? elementUnit;
    if (unit === undefined) return value === null ? NO_READING : WRONG;
    return this.rule.read(value, unit, count, finder.scale);
  }

  /** Whether a sensor has a value already. No reading is none: the next alternative may have one. */
  #has(sensor: string): boolean {
    const value = this.valueFor(sensor);
    return isReading(value) || value === WRONG;
  }

  #set(sensor: string, value: number): void {
    for (let i = 0; i < this.length; i++)
      if (this.sensors[i] === sensor) {
        this.values[i] = value;
        return;
      }
    if (this.length >= SENSORS_MAX) {
      this.isTooLong = true;
      return;
    }
    this.sensors[this.length] = sensor;
    this.values[this.length] = value;
    this.length += 1;
  }
}

function valueAt(finder: Finder, key: string | undefined, element: unknown, document: unknown): unknown {
  if (key === undefined) return finder.find(element, document);
  const member = (element as Readonly<Record<string, unknown>>)[key];
  return finder.pattern === undefined ? unwrapped(member) : finder.valueBehind(member);
}

/** How a source knows the unit of its temperatures. */
export interface UnitRule {
  readonly fixed: Unit | undefined;
  readonly finder: Finder | undefined;
}

/** The unit of an element; undefined if the payload says none, or one that is unknown. */
export function unitIn(rule: UnitRule, element: unknown, document: unknown): Unit | undefined {
  if (rule.finder === undefined) return rule.fixed;
  const value = rule.finder.find(element, document);
  return value === undefined || value === null ? rule.fixed : unitOf(value);
}
