import { parseDurationS, toThousandths } from '@humtemp/bucket-core';
import { parsePath } from '../language/path.js';
import type { Table as TableDescription } from '../language/table-schema.js';
import { Finder, type NumberForm } from './finder.js';
import type { LabNames } from './lab-names.js';
import { type Metric, MetricRule } from './metric-rule.js';
import { MetricReader, type UnitRule } from './reader.js';
import type { Repeats } from './repeats.js';
import { Table } from './table.js';
import { parseTextPlace } from './text-place.js';
import { TimeRule } from './time-rule.js';

/** Reports a mistake at a key of the table. */
export type ReportAt = (at: readonly (string | number)[], message: string) => void;

/** What the tables of one source share. */
export interface SourceState {
  readonly names: LabNames;
  /** What was counted last, for so many seconds. */
  readonly repeatsOf: (withinS: number) => Repeats;
}

/** The table that a checked description means. What its texts do not mean is reported. */
export function compileTable(
  description: TableDescription,
  { names, repeatsOf }: SourceState,
  report: ReportAt,
): Table | undefined {
  let isRight = true;
  const attempt = <T>(at: readonly (string | number)[], parse: () => T): T | undefined => {
    try {
      return parse();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      isRight = false;
      report(at, error.message);
      return undefined;
    }
  };
  const list = <T, R>(key: string, value: T | readonly T[] | undefined, parse: (item: T) => R): R[] =>
    value === undefined
      ? []
      : Array.isArray(value)
        ? value.flatMap((item: T, i) => attempt([key, i], () => parse(item)) ?? [])
        : [attempt([key], () => parse(value as T))].filter((item) => item !== undefined);

  const { root, each, unit, timestamp, not, range, repeats, text_numbers = false } = description;
  const finder = (one: string | (NumberForm & { path: string })) =>
    typeof one === 'string' ? new Finder(one, undefined) : new Finder(one.path, one);
  const reader = (metric: Metric) =>
    new MetricReader(
      new MetricRule(metric, text_numbers, range?.[metric] ?? {}, not?.[metric] ?? []),
      list(metric, isBare(description) ? metric : description[metric], finder),
    );
  const unitRule: UnitRule =
    typeof unit === 'object'
      ? { fixed: unit.absent, finder: attempt(['unit', 'path'], () => new Finder(unit.path, undefined, [])) }
      : { fixed: unit ?? 'C', finder: undefined };
  for (const metric of ['temp', 'humidity'] as const) {
    const limits = range?.[metric];
    if (limits?.min !== undefined && limits.max !== undefined && limits.min > limits.max)
      attempt(['range', metric], () => {
        throw new RangeError(`min ${limits.min} is more than max ${limits.max}`);
      });
  }
  const parts = {
    root: root === undefined ? undefined : attempt(['root'], () => onePlace(root)),
    each: list('each', each, (text) => parsePath(text === '.' ? '' : text, ['lab', 'sensor'])),
    temp: reader('temp'),
    humidity: reader('humidity'),
    unit: unitRule,
    notBoth: (not?.both ?? []).map(([t, h]) => [toThousandths(t), toThousandths(h)] as const),
    needs: list('needs', description.needs, (text) => new Finder(text, undefined, [])),
    unless: list('unless', description.unless, (text) => new Finder(text, undefined, [])),
    lab: list('lab', description.lab, parseTextPlace),
    sensor: list('sensor', description.sensor, parseTextPlace),
    time:
      timestamp === undefined || timestamp === 'receipt'
        ? undefined
        : attempt(['timestamp'], () => new TimeRule(timestamp)),
    names,
    repeats:
      repeats === undefined
        ? undefined
        : attempt(['repeats', 'within'], () => repeatsOf(parseDurationS(repeats.within))),
  };
  if (!isBare(description) && description.temp === undefined && description.humidity === undefined)
    attempt([], () => {
      throw new RangeError('a table names temp, humidity or both, or has payload: number');
    });
  return isRight ? new Table(parts) : undefined;
}

/** Whether the payload is a value alone, which decodes to a document of one metric. */
export function isBare(description: TableDescription): boolean {
  return description.payload === 'number';
}

function onePlace(text: string) {
  const path = parsePath(text);
  if (path.isMany) throw new RangeError(`"${text}": root is one place; several belong in each`);
  return path;
}
