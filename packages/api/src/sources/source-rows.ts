import type { SourceTally, TallyLine } from '@humtemp/intake';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';

/** What a source saw besides what intake counts. */
export interface SourceNotes {
  readonly name: string;
  readonly filters: readonly string[];
  readonly live: boolean;
  readonly events: Readonly<Record<string, number>>;
  readonly unused_keys: readonly {
    readonly path: string;
    readonly seen: number;
    readonly example: string;
    readonly topic: string;
  }[];
}

const Count = Type.Integer({ minimum: 0 });

const Example = Type.Object({
  at: Rfc3339Time,
  topic: Type.String(),
  excerpt: Type.String({ description: 'the beginning of the payload' }),
});

const Line = Type.Object({
  count: Count,
  last: Type.Union([Example, Type.Null()], { description: 'a recent one' }),
});

const Lines = (description: string) => Type.Record(Type.String(), Line, { description });

/** What became of the publishes of one source. */
export const SourceRow = Type.Object({
  name: Type.String(),
  filters: Type.Array(Type.String(), { description: 'the MQTT topic filters that bring its topics' }),
  live: Type.Boolean({
    description: 'retained publishes count when they are published, not when a broker repeats them',
  }),
  publishes: Count,
  observations: Line,
  ignored: Line,
  rejected: Lines('publishes, and elements of arrays, that were no observation, by reason'),
  metrics_rejected: Lines('metrics that were wrong in observations that counted without them'),
  events: Type.Record(Type.String(), Count, {
    description:
      'what else happened: values that mean "no reading", clamped values, times replaced by the receipt',
  }),
  unused_keys: Type.Array(
    Type.Object({
      path: Type.String(),
      seen: Type.Integer({ minimum: 1, description: 'in the payloads that were looked through' }),
      example: Type.String(),
      topic: Type.String(),
    }),
    { description: 'keys that look like a temperature or humidity and are not read' },
  ),
});

export type SourceRow = Static<typeof SourceRow>;
type Line = Static<typeof Line>;

/** The sources of this process. */
export function sourceRows(
  notes: readonly SourceNotes[],
  tallies: ReadonlyMap<string, SourceTally>,
): SourceRow[] {
  return notes.map(({ name, filters, live, events, unused_keys }) => ({
    name,
    filters: [...filters],
    live,
    ...countsOf(tallies.get(name)),
    events: { ...events },
    unused_keys: unused_keys.map((key) => ({ ...key })),
  }));
}

/** What another process left, or nothing if it is not understood: that process may be of another version. */
export function readSourceRows(text: string): SourceRow[] {
  try {
    const rows: unknown = JSON.parse(text);
    return Value.Check(Type.Array(SourceRow), rows) ? rows : [];
  } catch {
    return [];
  }
}

/** The sources of several processes, those of the same name as one: counts are added, the newest example is kept. */
export function mergedRows(lists: readonly (readonly SourceRow[])[]): SourceRow[] {
  const byName = new Map<string, SourceRow>();
  for (const row of lists.flat()) {
    const before = byName.get(row.name);
    byName.set(row.name, before === undefined ? row : merged(before, row));
  }
  return [...byName.values()];
}

function merged(a: SourceRow, b: SourceRow): SourceRow {
  return {
    name: a.name,
    filters: [...new Set([...a.filters, ...b.filters])],
    live: a.live,
    publishes: a.publishes + b.publishes,
    observations: mergedLine(a.observations, b.observations),
    ignored: mergedLine(a.ignored, b.ignored),
    rejected: mergedRecord(a.rejected, b.rejected, mergedLine),
    metrics_rejected: mergedRecord(a.metrics_rejected, b.metrics_rejected, mergedLine),
    events: mergedRecord(a.events, b.events, (x, y) => x + y),
    unused_keys: mergedKeys(a.unused_keys, b.unused_keys),
  };
}

function mergedLine(a: Line, b: Line): Line {
  const isOlder = a.last === null || (b.last !== null && b.last.at > a.last.at);
  return { count: a.count + b.count, last: isOlder ? b.last : a.last };
}

function mergedRecord<T>(
  a: Readonly<Record<string, T>>,
  b: Readonly<Record<string, T>>,
  merge: (x: T, y: T) => T,
): Record<string, T> {
  const all = new Map(Object.entries(a));
  for (const [key, value] of Object.entries(b)) {
    const before = all.get(key);
    all.set(key, before === undefined ? value : merge(before, value));
  }
  return Object.fromEntries(all);
}

function mergedKeys(a: SourceRow['unused_keys'], b: SourceRow['unused_keys']): SourceRow['unused_keys'] {
  const byPath = new Map(a.map((key) => [key.path, key]));
  for (const key of b) {
    const before = byPath.get(key.path);
    byPath.set(key.path, before === undefined ? key : { ...before, seen: before.seen + key.seen });
  }
  return [...byPath.values()];
}

const NONE = { count: 0, last: null };

function countsOf(tally: SourceTally | undefined) {
  if (tally === undefined)
    return { publishes: 0, observations: NONE, ignored: NONE, rejected: {}, metrics_rejected: {} };
  return {
    publishes: tally.publishes,
    observations: lineOf(tally.observations),
    ignored: lineOf(tally.ignored),
    rejected: linesOf(tally.rejected),
    metrics_rejected: linesOf(tally.metricsRejected),
  };
}

function linesOf(lines: SourceTally['rejected']) {
  return Object.fromEntries([...lines].map(([reason, line]) => [reason, lineOf(line)]));
}

function lineOf({ count, example }: TallyLine) {
  return {
    count,
    last:
      example === undefined
        ? null
        : { at: rfc3339Time(example.atMs), topic: example.topic, excerpt: example.excerpt },
  };
}
