import { ABSENT, type RejectionReason } from '@humtemp/bucket-core';
import type { Path } from '../language/path.js';
import type { Unit } from '../language/unit.js';
import type { ObservationSink } from '../publish.js';
import { Elements } from './elements.js';
import type { Finder } from './finder.js';
import { isContainer } from './json-access.js';
import type { LabNames } from './lab-names.js';
import { isReading, type Metric, WRONG } from './metric-rule.js';
import { type MetricReader, type UnitRule, unitIn } from './reader.js';
import type { Repeats } from './repeats.js';
import { type Shape, type ShapeSlot, Shapes } from './shape.js';
import type { SourceEvent } from './source-count.js';
import { type TextPlace, textAt } from './text-place.js';
import { AT_RECEIPT, TIME_FUTURE, TIME_WRONG, type TimeRule } from './time-rule.js';
import type { Role, Trace } from './trace.js';
import { firstAt, type Place } from './walk.js';

/** A table with everything parsed. */
export interface TableParts {
  readonly root: Path | undefined;
  readonly each: readonly Path[];
  readonly temp: MetricReader;
  readonly humidity: MetricReader;
  readonly unit: UnitRule;
  readonly notBoth: readonly (readonly [number, number])[];
  readonly needs: readonly Finder[];
  readonly unless: readonly Finder[];
  readonly lab: readonly TextPlace[];
  readonly sensor: readonly TextPlace[];
  readonly time: TimeRule | undefined;
  readonly names: LabNames;
  /** Undefined: what is repeated counts again. */
  readonly repeats: Repeats | undefined;
}

/** What the topic says of a publish. */
export interface TopicWords {
  /** The lab id that the topic gives; undefined: it gives none, or what it gives is none. */
  readonly lab: string | undefined;
  readonly sensor: string;
}

/** What a table found in a payload. */
export type Finding = 'observations' | 'not_the_room' | 'no_reading' | 'repeated' | 'rejected' | 'nothing';

const SENSOR_LENGTH_MAX = 50;

/** What one publish is read with. One object of a source serves all its publishes. */
export interface Reading {
  /** The whole payload, for paths with `$`. */
  document: unknown;
  words: TopicWords;
  into: ObservationSink;
  mustBeWhole: boolean;
  readonly count: (event: SourceEvent) => void;
  /** For explanations: the way of every publish has none. */
  trace: Trace | undefined;
}

/** Reads payloads of one shape. Compiled once; a publish costs it no allocation. */
export class Table {
  readonly #elements: Elements;
  readonly #shapes: Shapes;

  constructor(readonly parts: TableParts) {
    this.#elements = new Elements(parts.each);
    const { needs, unless } = parts;
    this.#shapes = new Shapes({ temp: parts.temp.finders, humidity: parts.humidity.finders, needs, unless });
  }

  /**
   * Hands in all observations of a payload.
   * @param from what paths are counted from. @param slot keeps the shape of the last payload of the topic.
   */
  read(from: unknown, reading: Reading, slot: ShapeSlot): Finding {
    const { parts } = this;
    const root =
      parts.root === undefined
        ? from
        : firstAt(parts.root.fromDocument ? reading.document : from, parts.root.steps);
    if (root === undefined) return 'nothing';
    if (parts.each.length === 0) return this.#readElement(root, '', '', reading, slot);
    const elements = this.#elements;
    if (!elements.find(root, reading.into.arrayLengthMax)) {
      elements.clear();
      reading.into.reject('array_too_long');
      return 'rejected';
    }
    let finding: Finding = 'nothing';
    for (let i = 0; i < elements.length; i++) {
      const { values, labs, sensors } = elements;
      const one = this.#readElement(values[i], labs[i]!, sensors[i]!, reading, slot);
      if (RANK[one] > RANK[finding]) finding = one;
    }
    elements.clear();
    return finding;
  }

  #readElement(
    element: unknown,
    labName: string,
    sensorName: string,
    reading: Reading,
    slot: ShapeSlot,
  ): Finding {
    if (!isContainer(element)) return 'nothing';
    const { parts } = this;
    const shape = this.#shapes.of(element, slot);
    if (parts.needs.length > 0 && firstThere(shape.needs, element, reading) === undefined) return 'nothing';
    if (shape.unless.length > 0 && this.#isNotTheRoom(shape, element, reading)) return 'not_the_room';
    const { temp, humidity } = parts;
    temp.read(
      element,
      shape.temp,
      reading,
      shape.temp.length === 0 ? undefined : this.#unit(element, reading),
    );
    humidity.read(element, shape.humidity, reading, 'C');
    if (temp.length === 0 && humidity.length === 0) return 'nothing';
    if (temp.isTooLong || humidity.isTooLong) {
      reading.into.reject('array_too_long');
      return 'rejected';
    }
    let finding: Finding = 'nothing';
    let lab: string | undefined;
    let timestampMs = AT_RECEIPT;
    let isPlaced = false;
    const { length } = temp;
    for (let i = 0; i < length + humidity.length; i++) {
      const sensorKey = i < length ? temp.sensors[i]! : humidity.sensors[i - length]!;
      // Was taken with the temperature of the same sensor.
      if (i >= length && temp.valueFor(sensorKey) !== ABSENT) continue;
      const tempValue = i < length ? temp.values[i]! : ABSENT;
      const humidityValue = i < length ? humidity.valueFor(sensorKey) : humidity.values[i - length]!;
      if (parts.notBoth.length > 0 && this.#isNotBoth(tempValue, humidityValue)) {
        reading.count('no_reading');
        finding = higher('no_reading', finding);
        continue;
      }
      const wrong = tempValue === WRONG ? 'temp' : humidityValue === WRONG ? 'humidity' : undefined;
      if (!isReading(tempValue) && !isReading(humidityValue)) {
        if (wrong !== undefined) reading.into.reject(wrong);
        finding = higher(wrong === undefined ? 'no_reading' : 'rejected', finding);
        continue;
      }
      if (!isPlaced) {
        isPlaced = true;
        lab = this.#lab(element, labName, reading);
        timestampMs = parts.time === undefined ? AT_RECEIPT : this.#time(element, reading);
      }
      const sensor = this.#sensor(element, sensorName, sensorKey, reading);
      const reason = refusal(lab, timestampMs, sensor) ?? (reading.mustBeWhole ? wrong : undefined);
      if (reason !== undefined) {
        reading.into.reject(reason);
        finding = higher('rejected', finding);
        continue;
      }
      const { repeats } = parts;
      const { into } = reading;
      const newTemp = this.#unlessRepeat('temp', lab!, sensor!, tempValue, reading);
      const newHumidity = this.#unlessRepeat('humidity', lab!, sensor!, humidityValue, reading);
      if (newTemp === ABSENT && newHumidity === ABSENT) {
        if (wrong !== undefined) into.reject(wrong);
        finding = higher(wrong === undefined ? 'repeated' : 'rejected', finding);
        continue;
      }
      const ownMs = Number.isNaN(timestampMs) ? undefined : timestampMs;
      const isTaken = into.observation(lab!, ownMs, newTemp, newHumidity, sensor!);
      finding = 'observations';
      if (!isTaken) continue;
      repeats?.remember(lab!, sensor!, newTemp, newHumidity, into.receivedMs);
      if (wrong !== undefined) reading.into.rejectMetric(wrong);
      else if (humidityValue === ABSENT) reading.count('temp_only');
      else if (tempValue === ABSENT) reading.count('humidity_only');
    }
    return finding;
  }

  /** A value, or ABSENT if there is none or it repeats what was counted not long ago. */
  #unlessRepeat(metric: Metric, lab: string, sensor: string, value: number, reading: Reading): number {
    if (!isReading(value)) return ABSENT;
    const { repeats } = this.parts;
    if (repeats === undefined || !repeats.isRepeat(lab, sensor, metric, value, reading.into.receivedMs))
      return value;
    reading.count('repeated');
    return ABSENT;
  }

  #isNotTheRoom(shape: Shape, element: unknown, reading: Reading): boolean {
    const finder = firstThere(shape.unless, element, reading);
    if (finder === undefined) return false;
    const place = reading.trace && finder.locate(element, reading.document);
    if (place !== undefined) reading.trace!.used('unless', place, 'not the room');
    reading.count('not_the_room');
    return true;
  }

  #isNotBoth(temp: number, humidity: number): boolean {
    for (const [notTemp, notHumidity] of this.parts.notBoth)
      if (temp === notTemp && humidity === notHumidity) return true;
    return false;
  }

  #unit(element: unknown, { document, trace }: Reading): Unit | undefined {
    const { unit } = this.parts;
    if (unit.finder === undefined) return unit.fixed;
    const one = unitIn(unit, element, document);
    const place = trace && unit.finder.locate(element, document);
    if (place !== undefined) trace!.used('unit', place, one ?? 'not a unit');
    return one;
  }

  #time(element: unknown, reading: Reading): number {
    const time = this.parts.time!;
    const { document, into, count } = reading;
    const ms = time.read(element, document, into.receivedMs, count);
    if (reading.trace !== undefined)
      time.locate(element, document, used(reading, 'timestamp', describeTime(ms)));
    return ms;
  }

  #lab(element: unknown, named: string, reading: Reading): string | undefined {
    const { lab, names } = this.parts;
    if (named !== '') return names.labOf(named);
    if (lab.length > 0) {
      const text = textAt(lab, element, reading.document, used(reading, 'lab', ''));
      if (text !== undefined) return names.labOf(text);
    }
    return reading.words.lab;
  }

  /** What names the sensor, from the outside to the inside, joined. Undefined: too long, or no text. */
  #sensor(element: unknown, named: string, key: string, reading: Reading): string | undefined {
    const { sensor } = this.parts;
    let text = reading.words.sensor;
    if (sensor.length > 0)
      text = joined(text, textAt(sensor, element, reading.document, used(reading, 'sensor', '')) ?? '');
    text = joined(joined(text, named), key);
    return text === '' || (text.length <= SENSOR_LENGTH_MAX && isClean(text)) ? text : undefined;
  }
}

/** Notes a place for an explanation; undefined if there is none to be made. */
function used({ trace }: Reading, role: Role, outcome: string): ((place: Place) => void) | undefined {
  return trace === undefined ? undefined : noting(trace, role, outcome);
}

function noting(trace: Trace, role: Role, outcome: string): (place: Place) => void {
  return (place) => trace.used(role, place, outcome);
}

const RANK: Readonly<Record<Finding, number>> = {
  nothing: 0,
  not_the_room: 1,
  no_reading: 2,
  repeated: 3,
  rejected: 4,
  observations: 5,
};

function firstThere(finders: readonly Finder[], element: unknown, { document }: Reading): Finder | undefined {
  for (const finder of finders) {
    const value = finder.find(element, document);
    if (value !== undefined && value !== null) return finder;
  }
  return undefined;
}

function higher(one: Finding, other: Finding): Finding {
  return RANK[one] > RANK[other] ? one : other;
}

function refusal(
  lab: string | undefined,
  timestampMs: number,
  sensor: string | undefined,
): RejectionReason | undefined {
  if (lab === undefined) return 'lab_id';
  if (timestampMs === TIME_WRONG) return 'timestamp';
  if (timestampMs === TIME_FUTURE) return 'future';
  return sensor === undefined ? 'sensor' : undefined;
}

function joined(outer: string, inner: string): string {
  if (outer === '') return inner;
  return inner === '' ? outer : `${outer}-${inner}`;
}

/** A lone surrogate, or what stands for bytes that are no UTF-8, could make two sensors one. */
function isClean(text: string): boolean {
  return text.isWellFormed() && !text.includes('\uFFFD');
}

function describeTime(ms: number): string {
  if (ms === TIME_WRONG) return 'rejected: no timestamp of that format, or a clock that is not set';
  if (ms === TIME_FUTURE) return 'rejected: ahead of the clock';
  return Number.isNaN(ms) ? 'not used: the time of receipt instead' : new Date(ms).toISOString();
}
