import { withoutCovered } from '@humtemp/bucket-core';
import { payloadFormats } from './decoders/payload-formats.js';
import { parsePath } from './language/path.js';
import type { SourceDescription, Table as TableDescription } from './language/table-schema.js';
import { parseTopicPattern, type TopicPattern } from './language/topic-pattern.js';
import { type DecodeStep, Source, type SourceTable } from './source.js';
import { compileTable, isBare, type ReportAt } from './tables/compile-table.js';
import { LabNames } from './tables/lab-names.js';
import type { Metric } from './tables/metric-rule.js';
import { Repeats } from './tables/repeats.js';

/** What `{metric}` in a topic may be, unless the source says otherwise. */
const METRIC_NAMES = {
  temp: ['temperature', 'temp', 'air_temperature', 'ambient_temperature', 'room_temperature', 'temperatur'],
  humidity: ['humidity', 'hum', 'air_humidity', 'relative_humidity', 'relativehumidity', 'room_humidity'],
};

/** The presets that a source may build upon, by name. */
export type Presets = ReadonlyMap<string, SourceDescription>;

/** Sources with everything parsed, or undefined when a mistake was reported. */
export function compileSource(
  name: string,
  description: SourceDescription,
  presets: Presets,
  report: ReportAt,
): Source | undefined {
  let isRight = true;
  const reportAt: ReportAt = (at, message) => {
    isRight = false;
    report(at, message);
  };
  const preset = description.preset === undefined ? undefined : presets.get(description.preset);
  if (description.preset !== undefined && preset === undefined) {
    reportAt(['preset'], `"${description.preset}": expected one of ${[...presets.keys()].join(', ')}`);
    return undefined;
  }
  const base = description.base ?? preset?.base;
  const names = new LabNames({ ...preset?.names, ...description.names });
  const formats = payloadFormats();
  const repeats = new Map<number, Repeats>();
  const state = {
    names,
    repeatsOf: (withinS: number) => {
      const known = repeats.get(withinS) ?? new Repeats(withinS * 1000);
      repeats.set(withinS, known);
      return known;
    },
  };

  const topicsAt = (topics: string | readonly string[] | undefined, at: readonly (string | number)[]) =>
    [topics ?? []].flat().flatMap((topic, i) => {
      try {
        return [parseTopicPattern(withBase(topic, base))];
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        reportAt(Array.isArray(topics) ? [...at, i] : at, error.message);
        return [];
      }
    });

  const tables: SourceTable[] = [];
  for (const { table: merged, at } of tablesOf(description, preset)) {
    const reportTable: ReportAt = (inner, message) => reportAt([...at, ...inner], message);
    if (merged.topic === undefined) {
      reportTable([], 'topic is missing: expected a topic such as labs/{lab}/observation');
      continue;
    }
    const table = compileTable(merged, state, reportTable);
    const topics = topicsAt(merged.topic, [...at, 'topic']);
    const decode = decodeStepOf(merged, reportTable);
    if (!canPlace(merged, topics))
      reportTable(
        merged.topic === undefined ? [] : ['topic'],
        'no {lab} in the topic: expected one, or lab: where the payload says it, or each: with {lab}',
      );
    const namesMetric = topics.some(({ text }) => /\{metric\b/.test(text));
    if (isBare(merged) && merged.metric === undefined && !namesMetric)
      reportTable(['payload'], 'a bare value: expected metric: temp or humidity, or {metric} in the topic');
    if (table === undefined) continue;
    tables.push({
      topics,
      format: formats[merged.payload ?? 'json'],
      decode,
      metric: merged.metric,
      metrics: namesMetric ? metricsOf(merged) : new Map(),
      ignoresEmpty: merged.empty === 'ignore',
      namesLab: merged.lab !== undefined || namesLabByEach(merged),
      table,
    });
  }
  const ignore = [...topicsAt(description.ignore, ['ignore']), ...topicsAt(preset?.ignore, ['preset'])];
  if (!isRight) return undefined;
  return new Source({
    name,
    description: JSON.stringify(description),
    filters: withoutCovered(tables.flatMap(({ topics }) => topics.map(({ filter }) => filter))),
    live: description.live ?? preset?.live ?? false,
    ignore,
    tables,
    names,
    knownKeys: keysOf(tables),
  });
}

interface PlacedTable {
  readonly table: TableDescription;
  readonly at: readonly (string | number)[];
}

/** The tables of a source: its own first, then those of its preset, each with the keys that hold for all. */
function tablesOf(description: SourceDescription, preset: SourceDescription | undefined): PlacedTable[] {
  const {
    preset: _preset,
    base: _base,
    ignore: _ignore,
    names: _names,
    live: _live,
    tables,
    ...shared
  } = description;
  const own: PlacedTable[] =
    tables !== undefined
      ? tables.map((table, i) => ({ table: { ...shared, ...table }, at: ['tables', i] }))
      : preset === undefined || shared.topic !== undefined
        ? [{ table: shared, at: [] }]
        : [];
  if (preset === undefined) return own;
  // What stands beside `preset` changes every table of it, but for the topics, which are each table's own.
  const { topic: _topic, ...changes } = shared;
  const inherited = tablesOf(preset, undefined).map(({ table }) => ({
    table: { ...table, ...changes },
    at: [],
  }));
  return [...own, ...inherited];
}

function withBase(topic: string, base: string | undefined): string {
  return base === undefined ? topic : topic.replaceAll('{base}', base);
}

function canPlace(table: TableDescription, topics: readonly TopicPattern[]): boolean {
  if (table.lab !== undefined || topics.length === 0) return true;
  if (namesLabByEach(table)) return true;
  return topics.every(({ text }) => text.includes('{lab'));
}

function namesLabByEach({ each }: TableDescription): boolean {
  return [each ?? []].flat().some((path) => path.includes('{lab'));
}

function metricsOf({ metrics }: TableDescription): ReadonlyMap<string, Metric> {
  const pairs = (['temp', 'humidity'] as const).flatMap((metric) =>
    (metrics?.[metric] ?? METRIC_NAMES[metric]).map((name) => [name.toLowerCase(), metric] as const),
  );
  return new Map(pairs);
}

function decodeStepOf({ decode, payload }: TableDescription, report: ReportAt): DecodeStep | undefined {
  if (decode === undefined) {
    if (payload === 'bytes') report(['payload'], 'bytes: expected decode: { as: … } to say what they are');
    return undefined;
  }
  try {
    const path = decode.path === undefined ? undefined : parsePath(decode.path);
    if (path === undefined && payload !== 'bytes')
      report(['decode'], 'expected path: where the bytes stand, or payload: bytes');
    return { path, as: decode.as, encoding: decode.encoding ?? 'hex' };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    report(['decode', 'path'], error.message);
    return undefined;
  }
}

/** Last keys of the paths that tables read, and those in front of a captured key. */
function keysOf(tables: readonly SourceTable[]): ReadonlySet<string> {
  const keys = new Set<string>();
  for (const { table } of tables)
    for (const finder of [
      ...table.parts.temp.finders,
      ...table.parts.humidity.finders,
      ...table.parts.unless,
    ])
      for (const step of finder.path.steps) if (step.kind === 'member') keys.add(step.key);
  return keys;
}
