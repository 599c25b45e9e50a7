import { rfc3339ToMs } from '../observation/timestamp.js';
import type { BucketGrid, Resolution } from './bucket-grid.js';

const UNIT_S: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Seconds of a duration such as `90s`, `5m`, `1h`, `7d`, `2w`, or a plain number of seconds.
 * @throws RangeError naming what was expected.
 */
export function parseDurationS(text: string): number {
  const match = /^(\d{1,9})([smhdw]?)$/.exec(text.trim());
  const seconds = match === null ? 0 : Number(match[1]) * UNIT_S[match[2] || 's']!;
  if (seconds <= 0) throw new RangeError('a duration such as 30s, 5m, 1h or 7d');
  return seconds;
}

/**
 * Resolutions of a list `duration:retention,…`, where the retention is a duration too: `5m:1d` keeps a day of
 * five-minute buckets. An empty text gives none.
 * @throws RangeError naming what was expected.
 */
export function parseRollups(text: string): Resolution[] {
  if (text.trim() === '') return [];
  return text.split(',').map((part) => {
    const [duration, kept, ...more] = part.split(':');
    if (duration === undefined || kept === undefined || more.length > 0)
      throw new RangeError('a list of duration:retention such as 5m:1d,1h:7d');
    const durationS = parseDurationS(duration);
    const keptS = parseDurationS(kept);
    if (keptS % durationS !== 0)
      throw new RangeError(`a retention of whole buckets, which ${kept} is not for ${duration}`);
    return { durationS, retention: keptS / durationS };
  });
}

/**
 * Unix seconds of a bucket border given in ISO 8601 with a zone.
 * @throws RangeError naming what was expected.
 */
export function parseAlignmentS(text: string): number {
  const ms = rfc3339ToMs(text.trim());
  if (ms === undefined || ms % 1000 !== 0)
    throw new RangeError('an ISO 8601 time with a zone, in whole seconds, such as 1970-01-01T00:00:00+00:00');
  return ms / 1000;
}

/**
 * The grid of a primary resolution and its rollups.
 * @throws RangeError when two resolutions share a duration.
 */
export function bucketGrid(
  alignmentS: number,
  primary: Resolution,
  rollups: readonly Resolution[],
): BucketGrid {
  const resolutions = [primary, ...rollups];
  if (new Set(resolutions.map((resolution) => resolution.durationS)).size < resolutions.length)
    throw new RangeError('durations that differ from each other and from HUMTEMP_BUCKET_DURATION');
  return Object.freeze({ alignmentS, resolutions: Object.freeze(resolutions) });
}
