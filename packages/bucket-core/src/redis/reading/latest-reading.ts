import type { Aggregate } from '../../aggregate/aggregate.js';
import { keepsHistograms } from '../../aggregate/histogram.js';
import { bucketExpiryS, bucketStartS, type Resolution, reachS } from '../../grid/bucket-grid.js';
import type { LabBucket } from '../../store/bucket-store.js';
import { aggregateAt, bucketOfBase, bucketsOfBase, newestMs, ON_PAGE, parseHead } from '../pages/head.js';
import type { PageGrid } from '../pages/page-grid.js';
import { addTail } from '../pages/tail-sum.js';
import type { LabValues } from './lab-values.js';

/** The newest bucket of each of these labs, in the longest-lived resolution that has one. */
export async function readLatest(
  values: LabValues,
  { grid: { alignmentS, resolutions } }: PageGrid,
  labs: readonly string[],
  nowMs: number,
): Promise<(LabBucket | undefined)[]> {
  if (labs.length === 0) return [];
  const longestFirst = [...resolutions].sort((a, b) => reachS(b) - reachS(a));
  const heads = await values.of(labs.map((lab) => values.keys.head(lab)));
  const missing: string[] = [];
  const latest = labs.map((lab, i) => {
    const value = heads[i];
    if (!value) {
      missing.push(lab);
      return undefined;
    }
    try {
      return latestOf(value, lab, longestFirst, alignmentS, nowMs);
    } catch (error) {
      values.unreadable(error, lab, value, nowMs);
      return undefined;
    }
  });
  await values.reportWrongHeads(missing);
  return latest;
}

function latestOf(
  value: Buffer,
  lab: string,
  longestFirst: readonly Resolution[],
  alignmentS: number,
  nowMs: number,
): LabBucket | undefined {
  for (const resolution of longestFirst) {
    const { durationS } = resolution;
    const startS = bucketStartS(newestMs(value), durationS, alignmentS);
    if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) continue;
    const aggregate = newestOf(value, durationS, startS);
    if (aggregate !== undefined) return { lab, startS, aggregate };
  }
  return newestOfOtherBorders(value, lab, longestFirst, nowMs);
}

function newestOf(value: Buffer, durationS: number, startS: number): Aggregate | undefined {
  const head = parseHead(value);
  const keeps = keepsHistograms(durationS);
  const held = bucketOfBase(value, head, durationS, startS, keeps);
  const toMs = (startS + durationS) * 1000;
  return addTail(held === ON_PAGE ? undefined : held, value, head.baseBytes, startS * 1000, toMs, keeps);
}

/** After a change of the configuration a head may only have buckets with other borders. */
function newestOfOtherBorders(
  value: Buffer,
  lab: string,
  resolutions: readonly Resolution[],
  nowMs: number,
): LabBucket | undefined {
  const groups = bucketsOfBase(value, parseHead(value));
  for (const resolution of resolutions) {
    const bucket = groups.get(resolution.durationS)?.at(-1);
    if (bucket === undefined || bucketExpiryS(bucket.startS, resolution) * 1000 <= nowMs) continue;
    const { startS, at } = bucket;
    return { lab, startS, aggregate: aggregateAt(value, at, startS, true) };
  }
  return undefined;
}
