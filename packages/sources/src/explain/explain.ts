import { ABSENT, type RejectionReason } from '@humtemp/bucket-core';
import type { ObservationSink } from '../publish.js';
import type { Route, Source } from '../source.js';
import { type Container, isContainer } from '../tables/json-access.js';
import type { SourceEvent } from '../tables/source-count.js';
import type { Role, Trace } from '../tables/trace.js';
import type { Place } from '../tables/walk.js';
import { looksLikeMetric } from '../unused-keys.js';

/** One observation as people read it. */
export interface ExplainedObservation {
  readonly lab: string;
  readonly sensor: string;
  /** °C, %RH; undefined: the payload has none. */
  readonly temp: number | undefined;
  readonly humidity: number | undefined;
  /** Unix milliseconds; undefined: the time of receipt. */
  readonly timestampMs: number | undefined;
}

/** One value of a payload, and what it is to the source. */
export interface ExplainedField {
  readonly path: string;
  readonly value: unknown;
  /** Undefined: the source does not read it. */
  readonly role: Role | undefined;
  readonly outcome: string;
}

export interface Explanation {
  readonly fate: 'observations' | 'ignored' | 'rejected';
  readonly observations: readonly ExplainedObservation[];
  readonly rejections: readonly RejectionReason[];
  readonly events: Readonly<Partial<Record<SourceEvent, number>>>;
  /** Empty if the bytes could not be decoded, or the topic alone decides. */
  readonly fields: readonly ExplainedField[];
  /** Sentences that say what to write. */
  readonly hints: readonly string[];
}

const FIELDS_MAX = 200;
const DEPTH_MAX = 8;

/**
 * What a source makes of one publish, field by field. The source must be there for this alone: it counts as
 * always.
 * @param receivedMs Unix milliseconds.
 */
export function explain(source: Source, topic: string, payload: Buffer, receivedMs: number): Explanation {
  const match = source.match(topic);
  const notes = new Notes(receivedMs);
  if (match === undefined)
    return { ...notes.result(source, undefined), fate: 'ignored', hints: topicHints(source, topic) };
  const publish = { topic, payload: { bytes: payload, start: 0, end: payload.length }, isReplayed: false };
  source.decode(match, publish, notes, notes);
  return notes.result(source, match);
}

/** Keeps what a source says of one publish, and each place that it reads. */
class Notes implements ObservationSink, Trace {
  readonly arrayLengthMax = 1000;
  readonly #observations: ExplainedObservation[] = [];
  readonly #rejections: RejectionReason[] = [];
  readonly #uses = new Map<Container, Map<string, { role: Role; outcome: string }>>();
  #document: unknown;
  #inner: unknown;
  #isIgnored = false;

  constructor(readonly receivedMs: number) {}

  observation(
    lab: string,
    timestampMs: number | undefined,
    temp: number,
    humidity: number,
    sensor: string,
  ): boolean {
    this.#observations.push({ lab, sensor, temp: decimal(temp), humidity: decimal(humidity), timestampMs });
    return true;
  }

  reject(reason: RejectionReason): void {
    this.#rejections.push(reason);
  }

  rejectMetric(metric: 'temp' | 'humidity'): void {
    this.#rejections.push(metric);
  }

  ignore(): void {
    this.#isIgnored = true;
  }

  document(document: unknown, inner: unknown): void {
    this.#document = document;
    this.#inner = inner;
  }

  used(role: Role, { container, key }: Place, outcome: string): void {
    let keys = this.#uses.get(container);
    if (keys === undefined) {
      keys = new Map();
      this.#uses.set(container, keys);
    }
    keys.set(String(key), { role, outcome });
  }

  result(source: Source, match: Route | undefined): Explanation {
    const fields = this.#fields(this.#document, '');
    if (this.#inner !== this.#document) fields.push(...this.#fields(this.#inner, 'decoded'));
    const explanation = {
      fate: this.#fate,
      observations: this.#observations,
      rejections: this.#rejections,
      events: source.report().events,
      fields,
    };
    return { ...explanation, hints: match === undefined ? [] : hintsFor(explanation, match, source) };
  }

  get #fate(): Explanation['fate'] {
    if (this.#observations.length > 0) return 'observations';
    return this.#isIgnored || this.#rejections.length === 0 ? 'ignored' : 'rejected';
  }

  #fields(document: unknown, prefix: string): ExplainedField[] {
    const fields: ExplainedField[] = [];
    const walk = (value: unknown, path: string, depth: number): void => {
      if (!isContainer(value) || Buffer.isBuffer(value)) return;
      const isArray = Array.isArray(value);
      for (const [key, member] of Object.entries(value)) {
        if (fields.length >= FIELDS_MAX) return;
        const at = isArray ? `${path}[${key}]` : joinedPath(path, key);
        const use = this.#uses.get(value)?.get(key);
        if (use !== undefined) fields.push({ path: at, value: member, ...use });
        if (isContainer(member) && depth < DEPTH_MAX) walk(member, at, depth + 1);
        else if (use === undefined)
          fields.push({ path: at, value: member, role: undefined, outcome: 'not read' });
      }
    };
    walk(document, prefix, 0);
    return fields;
  }
}

type Findings = Omit<Explanation, 'hints'>;

function hintsFor(
  { observations, rejections, fields, fate, events }: Findings,
  { ways }: Route,
  source: Source,
): string[] {
  const hints: string[] = [];
  if (ways.length === 0) return [`the topic is one that the source ${source.name} ignores`];
  const read = fields.filter(({ role }) => role !== undefined).map(({ path }) => `${path}.`);
  for (const { path, value, role } of fields) {
    // What stands within a value that is read belongs to it.
    if (role !== undefined || read.some((place) => path.startsWith(place))) continue;
    const key = path.replace(/^.*[.\]]/, '');
    if (!looksLikeMetric(key) || !isNumber(value)) continue;
    const metric = /hum|rh/i.test(key) ? 'humidity' : 'temp';
    const isFahrenheit = /f$/i.test(key) && metric === 'temp';
    const written = isFahrenheit ? `{ path: ${path}, unit: F }` : path.replace(/^decoded\./, '');
    hints.push(
      `${path} looks like a ${metric === 'temp' ? 'temperature' : 'humidity'} and is not read: ${metric}: [${written}]`,
    );
  }
  for (const { value, role, outcome } of fields)
    if ((role === 'temp' || role === 'humidity') && outcome.startsWith('rejected'))
      hints.push(valueHint(role, value));
  if (rejections.includes('timestamp') || events.timestamp_wrong !== undefined) {
    const field = fields.find(({ role }) => role === 'timestamp');
    hints.push(timeHint(field?.value, rejections.includes('timestamp')));
  }
  if (rejections.includes('future') || events.timestamp_future !== undefined)
    hints.push(
      'the timestamp is ahead of the clock: timestamp: { …, future: receipt } takes the time of receipt',
    );
  if (rejections.includes('lab_id'))
    hints.push('no lab: {lab} in the topic, lab: with a path, or a shorter name in names:');
  if (rejections.includes('not_json'))
    hints.push(
      'the payload is no JSON: payload: number for a value alone, or payload: senml-cbor, sparkplug, bytes',
    );
  if (rejections.includes('malformed'))
    hints.push('the bytes are not what `payload` or `decode` of the source says');
  if (rejections.includes('array_too_long')) hints.push('more observations in one publish than may be');
  if (events.repeated !== undefined) hints.push('a value that was counted not long ago: see repeats:');
  if (events.not_the_room !== undefined) {
    const field = fields.find(({ role }) => role === 'unless');
    hints.push(`${field?.path ?? 'a key of unless'} says that it is not the room: see unless:`);
  }
  if (rejections.includes('no_value') && fields.length === 0)
    hints.push('the payload has no keys: payload: number for a value alone');
  if (fate !== 'observations' && hints.length === 0 && fields.length > 0 && events.no_reading !== undefined)
    hints.push('the device says that it has no reading');
  else if (fate !== 'observations' && hints.length === 0 && fields.length > 0) {
    const bytes = fields.find(
      ({ path, role }) =>
        role === undefined &&
        /^(?:data|payload_raw|frm_payload|payload_hex)$/.test(path.replace(/^.*[.\]]/, '')),
    );
    hints.push(
      bytes === undefined
        ? 'nothing in it looks like a temperature or humidity'
        : `${bytes.path} has the bytes of the device: give the device a codec at the network server, or decode: { path: ${bytes.path}, as: cayenne-lpp, encoding: base64 } if that is what they are`,
    );
  }
  const first = observations[0];
  if (first !== undefined && first.timestampMs === undefined && events.timestamp_wrong === undefined) {
    const clock = fields.find(
      ({ role, path, value }) => role === undefined && isLocalTime(value) && /time$/i.test(path),
    );
    if (clock !== undefined)
      hints.push(
        `${clock.path} has no zone, and is not used: timestamp: { path: $.${clock.path}, format: local Europe/Berlin }, or the zone that the device is in`,
      );
    hints.push('without a timestamp a repeated publish is counted again');
  }
  return [...new Set(hints)];
}

function valueHint(metric: 'temp' | 'humidity', value: unknown): string {
  const shown = JSON.stringify(value);
  if (typeof value === 'string' && /^\s*[+-]?\d+([.,]\d+)?\s*$/.test(value))
    return value.includes(',')
      ? `${shown} has a decimal comma, which no source reads: have the device or its gateway write ${value.trim().replace(',', '.')}`
      : `${shown} is a number in a text: text_numbers: true`;
  if (typeof value === 'string' && /^\s*[+-]?\d+(\.\d+)?\s*(°?\s*[CFK]|%.*)$/i.test(value))
    return `${shown} has its unit behind the number, which no source reads: have the device or its gateway write ${Number.parseFloat(value)}${/[FK]\s*$/i.test(value) && metric === 'temp' ? `, and add unit: ${value.trim().slice(-1).toUpperCase()}` : ''}`;
  if (typeof value === 'string')
    return `${shown} is no number; if it means "no reading": not: { ${metric}: [${shown}] }`;
  if (typeof value !== 'number') return `${shown} is no number: a path to the number in it`;
  const most = metric === 'temp' ? 60 : 100;
  const tenths =
    Number.isInteger(value) && value > most && value <= 10 * most
      ? '; if it is in tenths: { path: …, scale: 0.1 }'
      : '';
  if (metric === 'temp' && value > 200 && value < 373)
    return `${shown} is out of range; if it is in Kelvin: unit: K${tenths}`;
  return `${shown} is out of range; if it means "no reading": not: { ${metric}: [${shown}] }; or range: { ${metric}: { outside: drop } }${tenths}`;
}

function timeHint(value: unknown, isRejected: boolean): string {
  const shown = JSON.stringify(value);
  if (isLocalTime(value))
    return `${shown} has no zone: timestamp: { …, format: local Europe/Berlin }, or the zone that the device is in`;
  if (typeof value === 'string' && /[T ]\d\d:\d\d/.test(value))
    return `${shown}: timestamp: { …, format: rfc3339 }`;
  const number = Number(value);
  if (number > 1e11) return `${shown} looks like milliseconds: timestamp: { …, format: ms }`;
  if (number > 1.4e9) return `${shown} looks like seconds: timestamp: { …, format: s }`;
  const unset = `${shown} was written by a clock that is not set`;
  return isRejected ? `${unset}: timestamp: { …, wrong: receipt } takes the time of receipt` : unset;
}

function isLocalTime(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?$/.test(value);
}

function topicHints(source: Source, topic: string): string[] {
  const topics = source.parts.tables.flatMap((table) => table.topics.map(({ text }) => text));
  return [
    `the topic ${JSON.stringify(topic)} is none of the source ${source.name}, which reads ${[...new Set(topics)].join(', ')}`,
    'base: changes the first levels of a preset; topic: names other ones',
  ];
}

function joinedPath(path: string, key: string): string {
  const name = /[.[\]"]/.test(key) ? JSON.stringify(key) : key;
  return path === '' ? name : `${path}.${name}`;
}

function decimal(thousandths: number): number | undefined {
  return thousandths === ABSENT ? undefined : thousandths / 1000;
}

function isNumber(value: unknown): boolean {
  return (
    typeof value === 'number' ||
    (typeof value === 'string' && value.trim() !== '' && Number.isFinite(Number(value)))
  );
}
