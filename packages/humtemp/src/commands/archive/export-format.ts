import {
  type Aggregate,
  type BucketGrid,
  emptyAggregate,
  isLabId,
  keepsHistograms,
  type MetricAggregate,
  type Resolution,
  type StoredBucket,
  unsoundAggregate,
} from '@humtemp/bucket-core';
import { withHistogramsOfAll } from './merged-buckets.js';

/**
 * An export: lines of JSON, described in docs/protocol.md. A header, a line for each bucket, and a last line by which a file
 * that was cut is noticed. Sums are texts, because other readers of JSON round large numbers.
 */
export const EXPORT_FORMAT = 'humtemp export';
export const EXPORT_VERSION = 1;

/** What stands first. */
export interface ExportHeader {
  readonly writtenAtMs: number;
  readonly alignmentS: number;
  readonly resolutions: readonly Resolution[];
}

/** What stands last. */
export interface ExportEnd {
  readonly labs: number;
  readonly buckets: number;
  /** Of all bytes before this line, in hexadecimal digits. */
  readonly sha256: string;
}

export function headerLine({ alignmentS, resolutions }: BucketGrid, nowMs: number): string {
  return line({
    format: EXPORT_FORMAT,
    version: EXPORT_VERSION,
    written_at: new Date(nowMs).toISOString(),
    alignment_s: alignmentS,
    resolutions: resolutions.map(({ durationS, retention }) => ({ duration_s: durationS, retention })),
  });
}

export function bucketLine({ lab, durationS, startS, aggregate }: StoredBucket): string {
  const { observations, firstMs, temp, humidity } = aggregate;
  return line({
    lab_id: lab,
    duration_s: durationS,
    start_s: startS,
    observations,
    first_ms: firstMs,
    temp: metricJson(temp),
    humidity: metricJson(humidity),
  });
}

export function endLine({ labs, buckets, sha256 }: ExportEnd): string {
  return line({ end: true, labs, buckets, sha256 });
}

/** @throws RangeError that says what was expected. */
export function headerOf(text: string): ExportHeader {
  const json = objectOf(text);
  if (json?.format !== EXPORT_FORMAT)
    throw new RangeError('expected the first line of a file that humtemp export wrote');
  if (json.version !== EXPORT_VERSION)
    throw new RangeError(
      `expected version ${EXPORT_VERSION} of the format, found ${JSON.stringify(json.version)}: import it with the version of humtemp that wrote it, or a later one`,
    );
  const list = Array.isArray(json.resolutions) ? json.resolutions : [];
  const resolutions = list.map((one: Record<string, unknown>) => ({
    durationS: one.duration_s as number,
    retention: one.retention as number,
  }));
  const isGood = ({ durationS, retention }: Resolution) =>
    Number.isSafeInteger(durationS) && durationS > 0 && Number.isSafeInteger(retention) && retention > 0;
  if (resolutions.length === 0 || !resolutions.every(isGood) || !Number.isSafeInteger(json.alignment_s))
    throw new RangeError('expected alignment_s and resolutions');
  const writtenAtMs = Date.parse(String(json.written_at));
  if (Number.isNaN(writtenAtMs)) throw new RangeError('expected written_at to be a time');
  return { writtenAtMs, alignmentS: json.alignment_s as number, resolutions };
}

/** A bucket, or the end. @throws RangeError that says what is wrong. */
export function lineOf(text: string, header: ExportHeader): StoredBucket | ExportEnd {
  const json = objectOf(text);
  if (json === undefined) throw new RangeError('expected a JSON object');
  if (json.end === true) return json as unknown as ExportEnd;
  const {
    lab_id: lab,
    duration_s: durationS,
    start_s: startS,
  } = json as {
    readonly lab_id: unknown;
    readonly duration_s: number;
    readonly start_s: number;
  };
  if (typeof lab !== 'string' || !isLabId(lab)) throw new RangeError('lab_id is no id of a lab');
  if (!header.resolutions.some((one) => one.durationS === durationS))
    throw new RangeError('duration_s is none of the resolutions in the first line');
  if (!Number.isSafeInteger(startS) || (startS - header.alignmentS) % durationS !== 0)
    throw new RangeError('start_s is no border of such a bucket');
  const aggregate = aggregateOf(json, keepsHistograms(durationS));
  const wrong = unsoundAggregate(aggregate, startS, durationS);
  if (wrong !== undefined) throw new RangeError(wrong);
  return { lab, durationS, startS, aggregate };
}

function line(json: object): string {
  return `${JSON.stringify(json)}\n`;
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null && !Array.isArray(json)
      ? (json as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function metricJson({ count, sum, sumSquares, min, max, last, lastMs, histogram }: MetricAggregate) {
  if (count === 0) return null;
  return {
    count,
    sum: BigInt(sum).toString(),
    sum_squares: BigInt(sumSquares).toString(),
    min,
    max,
    last,
    last_ms: lastMs,
    ...(histogram !== undefined && { bins: [histogram.firstBin, ...histogram.counts] }),
  };
}

function aggregateOf(json: Record<string, unknown>, withHistograms: boolean): Aggregate {
  const empty = emptyAggregate(withHistograms);
  return withHistogramsOfAll({
    observations: json.observations as number,
    firstMs: json.first_ms as number,
    temp: metricOf(json.temp, empty.temp, withHistograms),
    humidity: metricOf(json.humidity, empty.humidity, withHistograms),
  });
}

type Key = 'count' | 'sum' | 'sum_squares' | 'min' | 'max' | 'last' | 'last_ms';

/** Whatever is no number fails as unsound. */
function metricOf(json: unknown, empty: MetricAggregate, withHistograms: boolean): MetricAggregate {
  if (json === null || json === undefined) return empty;
  const { count, sum, sum_squares, min, max, last, last_ms, bins } = json as Record<Key, number> & {
    readonly bins: unknown;
  };
  const isHistogram = withHistograms && Array.isArray(bins);
  const [firstBin, ...counts] = isHistogram ? (bins as number[]) : [];
  return {
    count,
    sum: integerOf(sum),
    sumSquares: integerOf(sum_squares),
    min,
    max,
    last,
    lastMs: last_ms,
    histogram: isHistogram ? { firstBin: firstBin ?? Number.NaN, counts } : undefined,
  };
}

function integerOf(text: unknown): number {
  return typeof text === 'string' && /^-?\d{1,40}$/.test(text) ? Number(text) : Number.NaN;
}
