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

const BUCKETS_AT_ONCE = 500;
const EXAMPLES_MAX = 5;

/** What became of the buckets of a file. */
export interface ImportResult {
  readonly fates: Readonly<Record<RestoreFate, number>>;
  /** Of a resolution that was not asked for. */
  readonly skipped: number;
  /** The first that are in the store with something else in them. */
  readonly examples: readonly StoredBucket[];
}

/**
 * The durations of a file that are to be imported.
 * @param wanted undefined: all of them
 * @throws StartError that says what to do when the store does not have such buckets
 */
export function importedDurations(
  header: ExportHeader,
  grid: BucketGrid,
  wanted: readonly number[] | undefined,
): ReadonlySet<number> {
  const ofFile = header.resolutions.map(({ durationS }) => durationS);
  const unknown = wanted?.filter((durationS) => !ofFile.includes(durationS)) ?? [];
  if (unknown.length > 0)
    throw new StartError(`--resolutions: the file has ${list(ofFile)}, and no ${list(unknown)}`);
  const fits = (durationS: number) =>
    grid.resolutions.some((one) => one.durationS === durationS) &&
    (header.alignmentS - grid.alignmentS) % durationS === 0;
  const chosen = wanted ?? ofFile;
  const foreign = chosen.filter((durationS) => !fits(durationS));
  if (foreign.length === 0) return new Set(chosen);
  const others = ofFile.filter(fits);
  const isMoved = foreign.some((durationS) => grid.resolutions.some((one) => one.durationS === durationS));
  throw new StartError(
    `the file has buckets of ${list(foreign)} that this store does not have${isMoved ? ', or not at these borders' : ''}: ` +
      'start humtemp with the HUMTEMP_BUCKET_OFFSET, HUMTEMP_BUCKET_DURATION and HUMTEMP_ROLLUPS that the file was exported under' +
      (others.length === 0
        ? ''
        : `, or import only those that it has: --resolutions ${others.map(durationText).join(',')}`),
  );
}

/** Restores the buckets of these durations. @throws when the store is out of reach */
export async function importBuckets(
  buckets: AsyncIterable<StoredBucket>,
  store: BucketRestore,
  durations: ReadonlySet<number>,
  nowMs: () => number,
): Promise<ImportResult> {
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
    if (!durations.has(bucket.durationS)) skipped += 1;
    else if (pending.push(bucket) === BUCKETS_AT_ONCE) await restore();
  }
  await restore();
  return { fates, skipped, examples };
}

/** Whether the store now has everything of the file that it keeps. */
export function isComplete({ fates }: ImportResult): boolean {
  return fates.different + fates.too_many_labs + fates.unreadable === 0;
}

export function importText({ fates, skipped, examples }: ImportResult): string {
  const count = (number: number) => number.toLocaleString('en-US');
  const lines = [
    `${count(fates.restored)} buckets imported`,
    `${count(fates.present)} were there already`,
    ...(fates.expired > 0 ? [`${count(fates.expired)} are older than this store keeps them`] : []),
    ...(skipped > 0 ? [`${count(skipped)} are of resolutions that were not asked for`] : []),
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
