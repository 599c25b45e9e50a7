import { copyAggregate } from '../aggregate/aggregate.js';
import type { Resolution } from '../grid/bucket-grid.js';
import type { LabBucket } from '../store/bucket-store.js';
import { FirstNames } from '../store/first-names.js';
import type { LabRecord } from './disk.js';
import type { LabBuckets } from './lab-buckets.js';

/**
 * Reads of all labs, in pages. Between two pages anything may happen: labs are committed to, saved, let go of and swept.
 * A page is put together without a pause, so each lab in it is as of one moment.
 */

/** Labs in a page: formatting so many rows holds up nobody for long. */
const PAGE_LABS = 250;
/** Labs looked at between two pauses, whatever a page holds. */
const LOOKED_AT_MAX = 2000;
const PAGE_NAMES_MAX = 2000;

/**
 * All labs that have this bucket: each that had it when the reading began once, unless the bucket has expired since; each
 * as of the moment its page was read. What got the bucket since may be among them. A page may be empty.
 *
 * First those in memory that differ from the disk, then those on the disk: a lab can only go that way unseen, not back.
 * Whatever is let go of in memory is on the disk.
 */
export function* bucketPages(
  { memory, disk, options }: LabBuckets,
  { durationS }: Resolution,
  startS: number,
  withHistograms: boolean,
): Generator<readonly LabBucket[]> {
  const resolution = options.grid.resolutions.findIndex((one) => one.durationS === durationS);
  const shown = new Set<string>();
  let page: LabBucket[] = [];
  let lookedAt = 0;
  // What is touched from now on comes behind those that are there.
  const activeCount = memory.activeCount;
  for (const state of memory.active) {
    if (lookedAt === activeCount) break;
    lookedAt += 1;
    const held = state.aggregate(resolution, startS);
    if (held !== undefined && !shown.has(state.lab)) {
      shown.add(state.lab);
      // What is in memory goes on changing; a reader gets what it was.
      page.push({ lab: state.lab, startS, aggregate: copyAggregate(held, withHistograms) });
    }
    if (page.length < PAGE_LABS && lookedAt % LOOKED_AT_MAX > 0) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;

  for (let after: string | undefined = ''; after !== undefined; ) {
    const stored: readonly string[] | undefined =
      shown.size === 0 ? undefined : disk.labsOf(durationS, startS, after, PAGE_LABS);
    const wanted: readonly string[] | undefined = stored?.filter((lab) => !shown.has(lab));
    if (stored !== undefined && wanted !== undefined && wanted.length < PAGE_LABS) {
      yield wanted.flatMap(bucketOf);
      after = stored.length === PAGE_LABS ? stored.at(-1) : undefined;
    } else {
      const buckets: LabBucket[] = disk.bucketsOf(durationS, startS, after, PAGE_LABS, withHistograms);
      yield buckets.map((bucket) => {
        const held = memory.get(bucket.lab)?.aggregate(resolution, startS);
        return held ? { ...bucket, aggregate: copyAggregate(held, withHistograms) } : bucket;
      });
      after = buckets.length === PAGE_LABS ? buckets.at(-1)!.lab : undefined;
    }
  }

  function bucketOf(lab: string): LabBucket[] {
    const held = memory.get(lab)?.aggregate(resolution, startS);
    const aggregate = held
      ? copyAggregate(held, withHistograms)
      : disk.bucket(durationS, startS, lab, withHistograms);
    return aggregate === undefined ? [] : [{ lab, startS, aggregate }];
  }
}

/**
 * Names of labs after `after` in order, without those whose last bucket has expired. Each that was known when the reading
 * began is among them once. About `pageNames` in a page, which may be empty.
 */
export function* namePages(
  labs: LabBuckets,
  after: string,
  pageNames: number,
  nowMs: number,
): Generator<readonly string[]> {
  const { memory, disk } = labs;
  const limit = Math.min(pageNames, PAGE_NAMES_MAX) + 1;
  for (let last: string | undefined = after; last !== undefined; ) {
    // First these, then the disk: a lab that is saved in between is found there.
    const unsaved: FirstNames = yield* firstUnsaved(labs, last, limit, nowMs);
    const entries: NameEntry[] = [...disk.labs.getRange({ start: last, limit })];
    const saved = entries
      .filter(({ key, value }) => {
        const newestS = memory.get(key)?.newestS ?? value[0];
        return key > last! && !labs.isForgotten(newestS, nowMs);
      })
      .map(({ key }) => key);
    const ends = [unsaved.end, entries.length === limit ? entries.at(-1)!.key : undefined];
    const end: string | undefined = ends.filter((name) => name !== undefined).sort()[0];
    const names = unsaved.sorted.length === 0 ? saved : [...new Set([...saved, ...unsaved.sorted])].sort();
    yield end === undefined ? names : names.filter((name) => name <= end);
    last = end;
  }
}

interface NameEntry {
  readonly key: string;
  readonly value: LabRecord;
}

/** The first names after `after` that the disk does not know. Looks at all of them. */
function* firstUnsaved(
  labs: LabBuckets,
  after: string,
  limit: number,
  nowMs: number,
): Generator<readonly string[], FirstNames> {
  const { memory } = labs;
  const first = new FirstNames(after, limit);
  const unsavedCount = memory.unsavedCount;
  let lookedAt = 0;
  for (const lab of memory.unsaved) {
    if (lookedAt === unsavedCount) break;
    lookedAt += 1;
    if (lookedAt % LOOKED_AT_MAX === 0) yield [];
    if (!first.wants(lab)) continue;
    const state = memory.get(lab);
    if (state !== undefined && !labs.isForgotten(state.newestS, nowMs)) first.add(lab);
  }
  return first;
}
