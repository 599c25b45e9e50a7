import type { LabBucket } from '../../store/bucket-store.js';
import type { Cursor } from '../tables/cursor.js';
import { MergedCursors } from '../tables/merge-cursors.js';
import { SECTION } from '../tables/table-format.js';
import { Turns } from '../turns.js';
import { BucketSum, type LabBuckets } from './lab-buckets.js';
import type { LabDelta } from './lab-delta.js';
import { byHash, groupedByHash } from './lab-order.js';

/**
 * Reads of all labs, in pages. Between two pages anything may happen: labs are committed to and saved, tables are merged.
 * A page is put together without a pause, so each lab in it is as of one moment.
 */

/** Labs in a page: formatting so many rows holds up nobody for long. */
const PAGE_LABS = 250;
/** Labs looked at between two pauses, whatever a page holds. */
const LOOKED_AT_MAX = 2000;

/** Where a reading is: all labs before this one are through. */
interface Place {
  hash: number;
  lab: string;
}

/**
 * All labs that have this bucket: each that had it when the reading began once, unless the bucket has expired since; each
 * as of the moment its page was read. What got the bucket since may be among them.
 *
 * The labs are those of the tables, which each page looks for anew behind the last lab of the page before, together with
 * those that were in memory when the reading began: a lab can only go from memory into a table.
 */
export async function* bucketPages(
  labs: LabBuckets,
  durationS: number,
  startS: number,
  withHistograms: boolean,
): AsyncGenerator<readonly LabBucket[]> {
  const turns = new Turns();
  const place: Place = { hash: -1, lab: '' };
  let held: AsyncGenerator<readonly LabDelta[]> | undefined = groupedByHash(
    heldLabs(labs),
    heldCount(labs),
    turns,
  );
  let pending: readonly LabDelta[] = [];
  for (;;) {
    // The next labs of those in memory, up to whose last one the tables are read.
    let next = 0;
    while (held !== undefined && pending.length === 0) {
      const { done, value } = await held.next();
      if (done) held = undefined;
      else pending = value;
    }
    const end = pending.at(-1);
    const page = pageOf(labs, durationS, startS, withHistograms, place, pending, end);
    next = page.pendingRead;
    pending = next < pending.length ? pending.slice(next) : [];
    if (page.buckets.length > 0) yield page.buckets;
    if (page.isEnd && held === undefined && pending.length === 0) return;
    await turns.next();
  }
}

/** @param end the reading stops with this lab; undefined: at the end of the tables */
function pageOf(
  labs: LabBuckets,
  durationS: number,
  startS: number,
  withHistograms: boolean,
  place: Place,
  held: readonly LabDelta[],
  end: LabDelta | undefined,
): { buckets: LabBucket[]; pendingRead: number; isEnd: boolean } {
  const bucketCursors = labs.tables.scan(SECTION.bucket, durationS, startS);
  const rowCursors = labs.tables.scanRows(startS, durationS);
  const isRows = new Set<Cursor>(rowCursors);
  const merged = new MergedCursors([...bucketCursors, ...rowCursors], (at, lab) =>
    labs.onDamage(lab, at, 'its checksum is wrong'),
  );
  merged.seek(Math.max(0, place.hash));
  const buckets: LabBucket[] = [];
  let lookedAt = 0;
  let pendingRead = 0;
  let group = merged.next();
  const behind = (one: { hash: number; lab: string }) => byHash(one, place) > 0;
  while (group !== undefined && !behind({ hash: group.hash, lab: group.name })) group = merged.next();
  for (;;) {
    while (pendingRead < held.length && !behind(held[pendingRead]!)) pendingRead += 1;
    const inMemory = held[pendingRead];
    const stored = group && { hash: group.hash, lab: group.name };
    const isStored =
      stored !== undefined && (inMemory === undefined ? end === undefined : byHash(stored, inMemory) <= 0);
    const first = isStored ? stored : inMemory;
    if (first === undefined) return { buckets, pendingRead, isEnd: end === undefined };
    if (buckets.length === PAGE_LABS || lookedAt === LOOKED_AT_MAX)
      return { buckets, pendingRead, isEnd: false };
    lookedAt += 1;
    const { hash, lab } = first;
    const damage = isStored ? undefined : merged.damageAt(hash);
    if (damage !== undefined) labs.onDamage(lab, damage, 'its checksum is wrong');
    else {
      const aggregate = labs.orLeftOut(() => {
        const sum = new BucketSum(lab, durationS, startS, withHistograms);
        if (isStored) for (const cursor of group!.cursors) sum.addAt(cursor, isRows.has(cursor));
        labs.addDeltas(sum, lab);
        return sum.result;
      });
      if (aggregate !== undefined) buckets.push({ lab, startS, aggregate });
    }
    place.hash = hash;
    place.lab = lab;
    if (isStored) group = merged.next();
  }
}

/** Labs that are in memory; those that are in both deltas twice. */
function* heldLabs({ frozen, active }: LabBuckets): Generator<LabDelta> {
  const now = active.labs.values();
  if (frozen !== undefined) yield* frozen.labs.values();
  yield* now;
}

function heldCount({ frozen, active }: LabBuckets): number {
  return (frozen?.labs.size ?? 0) + active.labs.size;
}
