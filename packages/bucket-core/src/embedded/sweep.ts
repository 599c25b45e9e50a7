import { longestLivedResolution, type Resolution, reachS } from '../grid/bucket-grid.js';
import { LEDGER_REPORT_KEPT_S } from '../store/books.js';
import type { Disk } from './disk.js';
import type { LabBuckets } from './lab-buckets.js';
import { configurationOf } from './stored-configuration.js';

/** Records removed at a time. */
const RECORDS_MAX = 10_000;

/** Removes what has expired from the disk, a bounded amount. False: there may be more. */
export async function sweep(labs: LabBuckets, nowMs: number): Promise<boolean> {
  const { disk, options, memory } = labs;
  const former = labs.formerResolutions.filter(({ durationS }) => disk.hasBuckets(durationS));
  const isFormerGone = former.length < labs.formerResolutions.length;
  labs.formerResolutions = former;
  const resolutions = [...options.grid.resolutions, ...former];
  const buckets = expiredBuckets(disk, resolutions, nowMs);
  const { hours, isAll } = expiredHours(labs, nowMs);
  const goneS = nowMs / 1000 - labs.keptS;
  const gone = [...memory.active].filter(({ newestS }) => newestS <= goneS).map(({ lab }) => lab);
  // Looking through all of them takes time, and a lab goes only after a bucket that lives longest.
  const longest = longestLivedResolution({ ...options.grid, resolutions });
  if (isFormerGone || buckets.some(([durationS]) => durationS === longest.durationS))
    for (const { key, value } of disk.labs.getRange({}))
      if (!memory.isActive(key) && value[0] <= goneS) gone.push(key);
  const reports = [...disk.ledgers.getRange({})].filter(
    ({ value }) => value.reportedMs + LEDGER_REPORT_KEPT_S * 1000 <= nowMs,
  );
  const rejections = surplusRejections(labs);
  const found = buckets.length + hours.length + gone.length + reports.length + rejections.length;
  if (found === 0 && !isFormerGone) return true;

  await disk.write(() => {
    for (const key of buckets) disk.buckets.remove(key);
    for (const key of hours) disk.identities.remove(key);
    for (const lab of gone) disk.labs.remove(lab);
    for (const { key } of reports) disk.ledgers.remove(key);
    for (const key of rejections) disk.rejections.remove(key);
    if (isFormerGone) disk.configuration.put('configuration', configurationOf(options, former));
  });
  for (const lab of gone) memory.forget(lab);
  labs.recount();
  const isMore = buckets.length === RECORDS_MAX || rejections.length === RECORDS_MAX;
  return !isMore && (isAll || hours.length === 0);
}

function expiredBuckets(disk: Disk, resolutions: readonly Resolution[], nowMs: number): BucketKey[] {
  const keys: BucketKey[] = [];
  for (const resolution of resolutions) {
    const { durationS } = resolution;
    const range = {
      start: [durationS],
      end: [durationS, Math.floor(nowMs / 1000) - reachS(resolution) + 1],
      limit: RECORDS_MAX - keys.length,
    };
    if (range.limit > 0) keys.push(...disk.buckets.getKeys(range as never));
  }
  return keys;
}

/** Keys of those beyond the limit, which was higher once. */
function surplusRejections({ disk, options }: LabBuckets): number[] {
  const [newest] = disk.rejections.getKeys({ reverse: true, limit: 1 });
  if (newest === undefined) return [];
  const end = newest - options.rejectionsMax + 1;
  return [...disk.rejections.getKeys({ end, limit: RECORDS_MAX })];
}

/** Keys of identities that may be forgotten. Of a lab's hour, the last ones know until when all are needed. */
function expiredHours({ disk, memory }: LabBuckets, nowMs: number): { hours: IdentityKey[]; isAll: boolean } {
  const hours: IdentityKey[] = [];
  let group: IdentityKey[] = [];
  let isExpired = false;
  let seen = 0;
  const endGroup = () => {
    const [first] = group;
    if (first !== undefined && isExpired && memory.get(first[1])?.hour(first[0]) === undefined)
      hours.push(...group);
    group = [];
  };
  for (const { key, value } of disk.identities.getRange({ limit: RECORDS_MAX })) {
    if (key[0] !== group[0]?.[0] || key[1] !== group[0]?.[1]) endGroup();
    group.push(key);
    isExpired = value.readDoubleLE(0) * 1000 <= nowMs;
    seen += 1;
  }
  // The last group may go on beyond the limit.
  const isAll = seen < RECORDS_MAX;
  if (isAll) endGroup();
  return { hours, isAll };
}

type BucketKey = [durationS: number, startS: number, lab: string];
type IdentityKey = [hour: number, lab: string, number: number];
