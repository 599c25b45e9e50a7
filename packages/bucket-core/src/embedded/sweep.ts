import { longestLivedResolution, reachS } from '../bucket-grid.js';
import { LEDGER_REPORT_KEPT_S } from '../store.js';
import type { LabBuckets } from './lab-buckets.js';

/** Records removed at a time. */
const RECORDS_MAX = 10_000;

/** Removes what has expired from the disk, a bounded amount. False: there may be more. */
export async function sweep(labs: LabBuckets, nowMs: number): Promise<boolean> {
  const { disk, options, memory } = labs;
  const buckets: [number, number, string][] = [];
  for (const resolution of options.grid.resolutions) {
    const { durationS } = resolution;
    const range = {
      start: [durationS],
      end: [durationS, Math.floor(nowMs / 1000) - reachS(resolution) + 1],
      limit: RECORDS_MAX - buckets.length,
    };
    if (range.limit > 0) buckets.push(...disk.buckets.getKeys(range as never));
  }
  const { hours, isAll } = expiredHours(labs, nowMs);
  const gone = [...memory.active].filter((state) => labs.isGone(state.newestS, nowMs)).map(({ lab }) => lab);
  // Looking through all of them takes time, and a lab goes only after a bucket that lives longest.
  const { durationS: longestS } = longestLivedResolution(options.grid);
  if (buckets.some(([durationS]) => durationS === longestS))
    for (const { key, value } of disk.labs.getRange({}))
      if (!memory.isActive(key) && labs.isGone(value[0], nowMs)) gone.push(key);
  const reports = [...disk.ledgers.getRange({})].filter(
    ({ value }) => value.reportedMs + LEDGER_REPORT_KEPT_S * 1000 <= nowMs,
  );
  if (buckets.length + hours.length + gone.length + reports.length === 0) return true;

  await disk.write(() => {
    for (const key of buckets) disk.buckets.remove(key);
    for (const key of hours) disk.identities.remove(key);
    for (const lab of gone) disk.labs.remove(lab);
    for (const { key } of reports) disk.ledgers.remove(key);
  });
  for (const lab of gone) memory.forget(lab);
  labs.recount();
  return buckets.length < RECORDS_MAX && (isAll || hours.length === 0);
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

type IdentityKey = [hour: number, lab: string, number: number];
