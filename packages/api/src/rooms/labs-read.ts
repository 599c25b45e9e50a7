import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BucketStore, LabBucket, Resolution } from '@humtemp/bucket-core';

/** Which buckets of labs to read. */
export interface LabsRead {
  readonly store: Pick<BucketStore, 'buckets' | 'seriesOf'>;
  readonly resolution: Resolution;
  /** Buckets that start in [startS, endS). */
  readonly startS: number;
  readonly endS: number;
  readonly nowMs: number;
  /** Whether histograms are wanted (default true). */
  readonly withHistograms?: boolean;
  /** Finer buckets that are read as well. */
  readonly fine?:
    | { readonly resolution: Resolution; readonly startS: number; readonly endS: number }
    | undefined;
}

/** Labs read from the store at the same time, by their series, at least: more of short series, of so many buckets. */
const LABS_AT_ONCE = 25;
const BUCKETS_AT_ONCE = 5000;
/** So few buckets are read one after the other, each of a page of labs. */
const BUCKETS_BY_START_MAX = 4;

/**
 * Rows of labs, made of their buckets, oldest first; a lab without any has a row, too. Memory holds as many labs as are
 * read at a time, and everything else has its turn between.
 */
export async function* seriesOfLabs<Row>(
  pages: AsyncIterable<readonly string[]>,
  read: LabsRead,
  rowOf: (lab: string, buckets: readonly LabBucket[], fine: readonly LabBucket[]) => Row,
): AsyncGenerator<readonly Row[]> {
  const isShort = read.fine === undefined && bucketsOf(read) <= BUCKETS_BY_START_MAX;
  const readSome = isShort ? byStart : bySeries;
  const labsAtOnce = isShort
    ? Number.POSITIVE_INFINITY
    : Math.max(LABS_AT_ONCE, Math.floor(BUCKETS_AT_ONCE / bucketsOf(read)));
  for await (const page of pages)
    for (let i = 0; i < page.length; i += labsAtOnce) {
      const labs = page.slice(i, i + labsAtOnce);
      const [series, fine] = await Promise.all([
        readSome(labs, read),
        read.fine === undefined ? [] : bySeries(labs, { ...read, ...read.fine }),
      ]);
      yield labs.map((lab, k) => rowOf(lab, series[k]!, fine[k] ?? []));
      // The embedded store answers at once; others want a turn too.
      await nextTurn();
    }
}

/** How many buckets of a lab there may be. */
function bucketsOf({ resolution, startS, endS, fine }: LabsRead): number {
  const read = (endS - startS) / resolution.durationS;
  return fine === undefined ? read : read + (fine.endS - fine.startS) / fine.resolution.durationS;
}

function bySeries(
  labs: readonly string[],
  { store, resolution, startS, endS, nowMs, withHistograms }: LabsRead,
) {
  return store.seriesOf(labs, resolution, startS, endS, nowMs, withHistograms);
}

async function byStart(
  labs: readonly string[],
  { store, resolution, startS, endS, nowMs, withHistograms }: LabsRead,
): Promise<readonly (readonly LabBucket[])[]> {
  const found = new Map<string, LabBucket[]>(labs.map((lab) => [lab, []]));
  for (let s = startS; s < endS; s += resolution.durationS)
    for await (const page of store.buckets(labs, resolution, s, nowMs, withHistograms))
      for (const bucket of page) found.get(bucket.lab)?.push(bucket);
  return labs.map((lab) => found.get(lab)!);
}
