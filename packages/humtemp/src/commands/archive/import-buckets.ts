import {
  type BucketGrid,
  type BucketRestore,
  RESTORE_FATES,
  type RestoreFate,
  type StoredBucket,
} from '@humtemp/bucket-core';
import { StartError } from '../../start-error.js';
import { durationText } from './duration-text.js';
import type { ExportHeader } from './export-format.js';
import { type Merge, MergedBuckets, mergesInto } from './merged-buckets.js';

const BUCKETS_AT_ONCE = 500;
const EXAMPLES_MAX = 5;

/** What became of the buckets of a file. */
export interface ImportResult {
  readonly fates: Readonly<Record<RestoreFate, number>>;
  /** Of a resolution that was not asked for, or that the store does not have. */
  readonly skipped: number;
  /** Merged buckets that were left out, as a part of what they are merged of had expired. */
  readonly partial: number;
  /** The first that are in the store with something else in them. */
  readonly examples: readonly StoredBucket[];
}

/** What is done with the buckets of a file. */
export interface ImportPlan {
  readonly header: ExportHeader;
  /** Those of these durations are put into the store as they are. */
  readonly durations: ReadonlySet<number>;
  readonly merges: readonly Merge[];
}

/**
 * What of a file is to be imported.
 * @param wanted durations; undefined: all of them
 * @param isMerged whether resolutions that only the store has are merged of what the file has, and others left out
 * @throws StartError that says what to do when the store does not have such buckets
 */
export function importPlan(
  header: ExportHeader,
  grid: BucketGrid,
  wanted: readonly number[] | undefined,
  isMerged: boolean,
): ImportPlan {
  const ofFile = header.resolutions.map(({ durationS }) => durationS);
  const unknown = wanted?.filter((durationS) => !ofFile.includes(durationS)) ?? [];
  if (unknown.length > 0)
    throw new StartError(`--resolutions: the file has ${list(ofFile)}, and no ${list(unknown)}`);
  const fits = (durationS: number) =>
    grid.resolutions.some((one) => one.durationS === durationS) &&
    (header.alignmentS - grid.alignmentS) % durationS === 0;
  const chosen = wanted ?? ofFile;
  const foreign = chosen.filter((durationS) => !fits(durationS));
  const merges = isMerged ? mergesInto(grid, header) : [];
  if (foreign.length === 0 || merges.length > 0)
    return { header, durations: new Set(chosen.filter(fits)), merges };
  const others = ofFile.filter(fits);
  const isMoved = foreign.some((durationS) => grid.resolutions.some((one) => one.durationS === durationS));
  throw new StartError(
    `the file has buckets of ${list(foreign)} that this store does not have${isMoved ? ', or not at these borders' : ''}: ` +
      'start humtemp with the HUMTEMP_BUCKET_OFFSET, HUMTEMP_BUCKET_DURATION and HUMTEMP_ROLLUPS that the file was exported under' +
      (others.length === 0
        ? ''
        : `, or import only those that it has: --resolutions ${others.map(durationText).join(',')}`) +
      (mergesInto(grid, header).length === 0
        ? ''
        : '; --merge makes those that only the store has of shorter ones of the file'),
  );
}

/** Restores buckets as planned. @throws when the store is out of reach */
export async function importBuckets(
  buckets: AsyncIterable<StoredBucket>,
  store: BucketRestore,
  alignmentS: number,
  { header, durations, merges }: ImportPlan,
  nowMs: () => number,
): Promise<ImportResult> {
  const merged = new MergedBuckets(merges, alignmentS, header.writtenAtMs);
  const fates = Object.fromEntries(RESTORE_FATES.map((fate) => [fate, 0])) as Record<RestoreFate, number>;
  const examples: StoredBucket[] = [];
  let skipped = 0;
  let pending: StoredBucket[] = [];
  const restore = async () => {
    const some = pending;
    pending = [];
    for (const [i, fate] of (await store.restore(some, nowMs())).entries()) {
      fates[fate] += 1;
      if (fate === 'different' && examples.length < EXAMPLES_MAX) examples.push(some[i]!);
    }
  };
  for await (const bucket of buckets) {
    pending.push(...merged.add(bucket));
    if (durations.has(bucket.durationS)) pending.push(bucket);
    else skipped += 1;
    if (pending.length >= BUCKETS_AT_ONCE) await restore();
  }
  pending.push(...merged.rest());
  await restore();
  return { fates, skipped, partial: merged.partial, examples };
}

/** Whether the store now has everything of the file that it keeps. */
export function isComplete({ fates }: ImportResult): boolean {
  return fates.different + fates.too_many_labs + fates.unreadable === 0;
}

export function importText({ fates, skipped, partial, examples }: ImportResult): string {
  const count = (number: number) => number.toLocaleString('en-US');
  const lines = [
    `${count(fates.restored)} buckets imported`,
    `${count(fates.present)} were there already`,
    ...(fates.expired > 0 ? [`${count(fates.expired)} are older than this store keeps them`] : []),
    ...(skipped > 0
      ? [`${count(skipped)} are of resolutions that were not asked for, or that the store does not have`]
      : []),
    ...(partial > 0
      ? [`${count(partial)} were not merged: a part of what they are made of had expired`]
      : []),
    ...(fates.too_many_labs > 0
      ? [`${count(fates.too_many_labs)} are of labs beyond HUMTEMP_LABS_MAX, and were left out`]
      : []),
    ...(fates.unreadable > 0
      ? [`${count(fates.unreadable)} are of labs of which the store cannot read something, and were left out`]
      : []),
    ...(fates.different > 0
      ? [
          `${count(fates.different)} are in the store with other observations, and stay as the store has them:`,
        ]
      : []),
    ...examples.map(
      ({ lab, durationS, startS }) =>
        `  ${lab}, ${durationText(durationS)} from ${new Date(startS * 1000).toISOString()}`,
    ),
  ];
  return lines.map((text) => `${text}\n`).join('');
}

function list(durationsS: readonly number[]): string {
  return durationsS.map(durationText).join(', ');
}
