import type { Answer, Schemas } from '../api/client.js';
import type { Limits } from '../lab/limits.js';

export type LabsPage = Answer<'/labs'>;
export type LiveLab = Pick<Schemas['LiveLab'], 'lab_id' | 'latest' | 'current'>;

/** The newest value of a metric. Unix milliseconds. */
export interface MetricReport {
  readonly value: number;
  readonly atMs: number;
}

/** What the service says of a lab, from its list and from its stream together. */
export interface LabReport {
  readonly id: string;
  /** Of the labs file; `null` and undefined where it has none. */
  readonly name: string | null;
  readonly group: string | null;
  readonly limits: { readonly temp: Limits | null; readonly humidity: Limits | null };
  readonly expectedIntervalS: number | undefined;
  /** Of the latest observation; undefined: never heard. */
  readonly atMs: number | undefined;
  readonly temp: MetricReport | undefined;
  readonly humidity: MetricReport | undefined;
  /** How many values the current bucket has of each, by which a stream shows that a metric was heard. */
  readonly counts: { readonly temp: number; readonly humidity: number } | undefined;
}

const NO_LIMITS = { temp: null, humidity: null };

/** The labs of a page of the list, those never heard included. */
export function listedReports({ labs, never_heard }: LabsPage): readonly LabReport[] {
  const heard = labs.map(
    ({ lab_id, name, group, latest, metrics, limits, expected_interval_s }): LabReport => ({
      id: lab_id,
      name,
      group,
      limits: { temp: limitsOf(limits.temp), humidity: limitsOf(limits.humidity) },
      expectedIntervalS: expected_interval_s,
      atMs: Date.parse(latest.timestamp),
      temp: metricOf(metrics.temp),
      humidity: metricOf(metrics.humidity),
      counts: undefined,
    }),
  );
  const silent = never_heard.map(
    ({ lab_id, name, group }): LabReport => ({
      id: lab_id,
      name,
      group,
      limits: NO_LIMITS,
      expectedIntervalS: undefined,
      atMs: undefined,
      temp: undefined,
      humidity: undefined,
      counts: undefined,
    }),
  );
  return [...heard, ...silent];
}

/**
 * A report with what a stream says. A stream does not say when each metric was heard: one whose count has changed was
 * heard now.
 */
export function streamedReport(
  known: LabReport | undefined,
  { lab_id, latest, current }: LiveLab,
): LabReport {
  const atMs = Date.parse(latest.timestamp);
  const counts = { temp: current?.temp?.count ?? 0, humidity: current?.humidity?.count ?? 0 };
  const metric = (name: 'temp' | 'humidity'): MetricReport | undefined => {
    const value = latest[name];
    const before = known?.[name];
    const isHeard =
      before === undefined || known?.counts === undefined || counts[name] !== known.counts[name];
    return value === null || (!isHeard && value === before.value) ? before : { value, atMs };
  };
  return {
    name: null,
    group: null,
    limits: NO_LIMITS,
    expectedIntervalS: undefined,
    ...known,
    id: lab_id,
    atMs,
    temp: metric('temp'),
    humidity: metric('humidity'),
    counts,
  };
}

/** What the list says of a lab, with whatever is newer of what was known. */
export function refreshedReport(known: LabReport | undefined, listed: LabReport): LabReport {
  // The list may have been read before what the stream said.
  if (known?.atMs === undefined || (listed.atMs !== undefined && listed.atMs >= known.atMs))
    return { ...listed, counts: known?.counts };
  const { name, group, limits, expectedIntervalS } = listed;
  return { ...known, name, group, limits, expectedIntervalS };
}

function limitsOf(
  limits: { readonly min: number | null; readonly max: number | null } | null,
): Limits | null {
  return limits === null ? null : { min: limits.min ?? undefined, max: limits.max ?? undefined };
}

function metricOf(
  metric: { readonly value: number; readonly timestamp: string } | null,
): MetricReport | undefined {
  return metric === null ? undefined : { value: metric.value, atMs: Date.parse(metric.timestamp) };
}
