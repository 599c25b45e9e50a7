import { stringify } from 'yaml';
import { looksLikeMetric } from '../unused-keys.js';

/** Levels of topics that name no place. */
const NO_PLACE =
  /^(?:\d{1,4}|v\d+|tele|stat|cmnd|data|raw|state|status|value|values|event|events|rpc|up|uplink|env|environment|climate|klima|measurements?|telemetry|observations?|updates?|json|attributes|sensors?|SENSOR|device|devices|gw|gateways?|home|site|application|holding|batch|live)$/i;
/** Names of one letter, and of other languages, that mean a metric where nothing else does. */
const SHORT = {
  temp: /^(?:t|tc|temperatur\w*|température|temperatura|ta)$/i,
  humidity: /^(?:h|rh|feuchte\w*|humidit[éà]|humedad)$/i,
};
const CLOCK = /^(?:ts|t(?:ime)?stamp|time|datetime|date|at|measured(?:_?at)?|last_?seen|epoch)$/i;
const LAB =
  /^(?:lab|lab_?id|room|place|location|name|device|device_?name|dev_?eui|mac|addr(?:ess)?|id|sensor)$/i;
const NUMBER_TEXT = /^\s*[+-]?\d+(?:\.\d+)?\s*$/;
const NUMBER_AND_MORE = /^\s*[+-]?\d+(?:[.,]\d+)?\s*(?:°?\s*[CFK]|%(?:\s*RH)?)?\s*$/i;
/** A name that a path need not put in quotes. */
const PLAIN = /^[A-Za-z0-9_-]+$/;
const DEPTH_MAX = 5;
const MEMBERS_MAX = 300;

/** A source of one's own for a publish that no source reads: something to begin with. */
export interface Draft {
  /** The file of sources. */
  readonly yaml: string;
  /** What is left to be looked at. */
  readonly hints: readonly string[];
}

type Metric = 'temp' | 'humidity';

interface Found {
  readonly path: string;
  readonly key: string;
  readonly value: unknown;
}

/**
 * Drafts a source for a publish: the topic with a level for the lab, and paths to what looks like a temperature, a humidity and
 * a time. It guesses names; units it does not guess. @returns undefined when the payload has no number.
 */
export function draftSource(topic: string, payload: Buffer): Draft | undefined {
  const hints: string[] = [];
  const pattern = topicPattern(topic);
  const document = parsed(payload);
  const ofTopic = topic
    .split('/')
    .map(metricOf)
    .find((one) => one !== undefined);
  if (typeof document === 'number') {
    if (ofTopic === undefined)
      hints.push('the topic does not say what the number is: metric: temp, or metric: humidity');
    return draft({ topic: pattern, payload: 'number', metric: ofTopic ?? 'temp' }, hints);
  }
  if (document === undefined) return undefined;
  const isList = Array.isArray(document) && document.some((item) => isRecord(item) && !isNamed(item));
  const leaves = leavesOf(isList ? document.find(isRecord) : document);
  const table: Record<string, unknown> = { topic: pattern };
  if (isList) {
    table.each = '[]';
    const lab = leaves.find(
      ({ path, key, value }) => LAB.test(key) && /^[\w.-]+$/.test(path) && typeof value === 'string',
    );
    if (lab !== undefined) {
      table.lab = lab.path;
      table.topic = withoutBraces(topic);
    }
  }
  const numbers = leaves.filter(({ value }) => typeof value === 'number' || isNumberLike(value));
  const found = {
    temp: bestOf('temp', numbers),
    humidity: bestOf('humidity', numbers),
  };
  if (found.temp === undefined && found.humidity === undefined) {
    const [first] = numbers.filter(({ key }) => !CLOCK.test(key));
    if (first === undefined) return undefined;
    table[ofTopic ?? 'temp'] = first.path;
    if (ofTopic === undefined)
      hints.push(
        `no name in it looks like a temperature or humidity: temp: and humidity: take the path of one, such as ${first.path}`,
      );
  }
  for (const metric of ['temp', 'humidity'] as const) {
    const one = found[metric];
    if (one === undefined) continue;
    table[metric] =
      metric === 'temp' && /f$|fahrenheit/i.test(one.key) ? { path: one.path, unit: 'F' } : one.path;
    if (isNumberText(one.value)) table.text_numbers = true;
  }
  const clock = leavesOf(document).find(({ key, value }) => CLOCK.test(key) && formatOf(value) !== undefined);
  if (clock !== undefined) {
    const path = isList ? clock.path.replace(/^\[\d+\]\.?/, '') : clock.path;
    table.timestamp = { path, format: formatOf(clock.value) };
  }
  return draft(table, hints);
}

function draft(table: Readonly<Record<string, unknown>>, hints: readonly string[]): Draft {
  return { yaml: stringify({ sources: { mine: table } }, { flowCollectionPadding: true }).trimEnd(), hints };
}

/** The topic with `{lab}` where the name of a place most likely stands: the last level that is no word. */
function topicPattern(topic: string): string {
  const levels = topic.split('/');
  let at = levels.findLastIndex(
    (level, i) => i > 0 && level !== '' && !NO_PLACE.test(level) && metricOf(level) === undefined,
  );
  if (at === -1)
    at = Math.max(
      0,
      levels.findIndex((level) => level !== '' && metricOf(level) === undefined),
    );
  return levels.map((level, i) => (i === at ? '{lab}' : withoutBraces(level))).join('/');
}

/** Braces would be a pattern. */
function withoutBraces(topic: string): string {
  return topic.replace(/[^/]*[{}][^/]*/g, '{_}');
}

function metricOf(name: string): Metric | undefined {
  if (SHORT.temp.test(name)) return 'temp';
  if (SHORT.humidity.test(name)) return 'humidity';
  if (!looksLikeMetric(name)) return undefined;
  return /hum|rh|feuchte/i.test(name) ? 'humidity' : 'temp';
}

/** One with a telling name, rather than one of a single letter; the shortest path of these. */
function bestOf(metric: Metric, numbers: readonly Found[]): Found | undefined {
  const all = numbers.filter(({ key }) => metricOf(key) === metric);
  const telling = all.filter(({ key }) => looksLikeMetric(key));
  const celsius = telling.filter(({ key }) => !/f$/i.test(key));
  for (const some of [celsius, telling, all])
    if (some.length > 0) return some.reduce((a, b) => (b.path.length < a.path.length ? b : a));
  return undefined;
}

function leavesOf(document: unknown): Found[] {
  const found: Found[] = [];
  const walk = (value: unknown, path: string, key: string, depth: number): void => {
    if (found.length >= MEMBERS_MAX || depth > DEPTH_MAX) return;
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) {
        if (isRecord(item) && isNamed(item)) namedLeaf(item, path, found);
        else walk(item, `${path}[${i}]`, key, depth + 1);
      }
    } else if (isRecord(value))
      for (const [name, member] of Object.entries(value)) {
        const written = PLAIN.test(name) ? name : `"${name.replace(/[\\"]/g, '\\$&')}"`;
        walk(member, path === '' ? written : `${path}.${written}`, name === 'value' ? key : name, depth + 1);
      }
    else if (path !== '') found.push({ path, key, value });
  };
  walk(document, '', '', 0);
  return found;
}

/** `{ "n": "temp1", "v": 21.4 }`: a text that names a metric, beside a number. */
function isNamed(item: Readonly<Record<string, unknown>>): boolean {
  const values = Object.values(item);
  return (
    values.some((value) => typeof value === 'string' && metricOf(value) !== undefined) &&
    values.some((value) => typeof value === 'number')
  );
}

function namedLeaf(item: Readonly<Record<string, unknown>>, path: string, found: Found[]): void {
  const name = Object.entries(item).find(
    ([, value]) => typeof value === 'string' && metricOf(value) !== undefined,
  )!;
  const number = Object.entries(item).find(([key, value]) => typeof value === 'number' && !CLOCK.test(key));
  if (number === undefined || ![name[0], name[1], number[0]].every((text) => PLAIN.test(String(text))))
    return;
  found.push({ path: `${path}[${name[0]}=${name[1]}].${number[0]}`, key: String(name[1]), value: number[1] });
}

function formatOf(value: unknown): string | undefined {
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/.test(value))
    return /(?:Z|[+-]\d\d:?\d\d)$/.test(value) ? 'rfc3339' : 'local Europe/Berlin';
  const number = typeof value === 'number' ? value : Number.NaN;
  if (number > 1e11) return 'ms';
  return number > 1.4e9 ? 's' : undefined;
}

function isNumberText(value: unknown): boolean {
  return typeof value === 'string' && NUMBER_TEXT.test(value);
}

/** A number in a text, or what people take for one. */
function isNumberLike(value: unknown): boolean {
  return typeof value === 'string' && NUMBER_AND_MORE.test(value);
}

function parsed(payload: Buffer): unknown {
  const text = payload.toString();
  if (NUMBER_TEXT.test(text)) return Number(text);
  try {
    const document: unknown = JSON.parse(text);
    return typeof document === 'object' && document !== null ? document : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
