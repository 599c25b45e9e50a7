import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type Aggregate,
  averageOfThousandths,
  type BucketGrid,
  type BucketStore,
  bucketStartAtOffsetS,
  type LabBucket,
  lastMs,
  type MetricAggregate,
  primaryResolution,
} from '@humtemp/bucket-core';
import { type LabStatus, labStatus } from '../labs/lab-status.js';
import { latestOfLabs } from '../labs/latest-of-labs.js';
import { isListedNow } from '../labs/listed-now.js';
import type { LabDirectories } from '../rooms/labs-file.js';
import { aggregatesByLab } from '../summary/aggregates-by-lab.js';

/** One metric of a lab: over its current bucket, and the latest value. `null` where there is none. */
export interface MetricReading {
  readonly avg: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly last: number | null;
}

/** A lab as monitoring sees it. */
export interface LabReading {
  readonly lab: string;
  /** The current bucket of the primary resolution, Unix seconds, half-open. */
  readonly bucketStartS: number;
  readonly bucketEndS: number;
  /** In the current bucket. */
  readonly observations: number;
  readonly lastMs: number;
  readonly ageS: number;
  readonly temp: MetricReading;
  readonly humidity: MetricReading;
  readonly status: LabStatus;
}

export interface LabReadings {
  readonly labs: readonly LabReading[];
  /** Labs that there were no more places for; counted up to LISTED_LABS_MAX. */
  readonly omitted: number;
  /** Labs that the labs file lists and of which nothing is known. */
  readonly neverHeard: readonly string[];
}

export interface LabReadingsOptions {
  readonly store: BucketStore;
  readonly grid: BucketGrid;
  /** Unix milliseconds. */
  readonly clock: () => number;
  /** Labs shown: the first by their ids. */
  readonly labsMax: number;
  readonly directories: LabDirectories;
  readonly expectedIntervalS: number;
  /** Seconds for which a lab that the labs file does not name is shown after its last observation. */
  readonly listedS: number;
}

const LISTED_LABS_MAX = 100_000;
/** Labs that are read together. */
const LABS_AT_ONCE = 200;

/** Reads the labs that are allowed. */
export async function readLabs(
  { store, grid, clock, labsMax, directories, expectedIntervalS, listedS }: LabReadingsOptions,
  allows: (lab: string) => boolean,
): Promise<LabReadings> {
  const nowMs = clock();
  const resolution = primaryResolution(grid);
  const startS = bucketStartAtOffsetS(nowMs, 0, resolution, grid.alignmentS);
  const allowed = (await store.labs('', LISTED_LABS_MAX, nowMs)).filter(allows);
  const directory = directories.current;
  const labs: LabReading[] = [];
  let looked = 0;
  while (looked < allowed.length && labs.length < labsMax) {
    const some = allowed.slice(looked, looked + Math.min(LABS_AT_ONCE, labsMax - labs.length));
    looked += some.length;
    const [newest, current] = await Promise.all([
      latestOfLabs({ store, grid }, some, nowMs),
      aggregatesByLab(store.buckets(some, resolution, startS, nowMs, false)),
    ]);
    for (const latest of newest) {
      // A lab can be in the index before its first commit.
      if (latest === undefined || !isListedNow(latest, directory, listedS, nowMs)) continue;
      const { lab } = latest.newest;
      const status = labStatus(latest, directory.of(lab), expectedIntervalS, nowMs);
      labs.push(readingOf(latest.newest, current.get(lab), startS, resolution.durationS, nowMs, status));
    }
    // The embedded store answers at once; others want a turn too.
    await nextTurn();
  }
  const known = new Set(allowed);
  const neverHeard = directory.listed.filter((lab) => allows(lab) && !known.has(lab)).slice(0, labsMax);
  return { labs, omitted: allowed.length - looked, neverHeard };
}

function readingOf(
  { lab, aggregate: newest }: LabBucket,
  current: Aggregate | undefined,
  startS: number,
  durationS: number,
  nowMs: number,
  status: LabStatus,
): LabReading {
  const latestMs = lastMs(newest);
  return {
    lab,
    bucketStartS: startS,
    bucketEndS: startS + durationS,
    observations: current?.observations ?? 0,
    lastMs: latestMs,
    // A sensor's clock may run ahead of ours.
    ageS: Math.max(0, nowMs - latestMs) / 1000,
    temp: metricReading(current?.temp, newest.temp),
    humidity: metricReading(current?.humidity, newest.humidity),
    status,
  };
}

function metricReading(current: MetricAggregate | undefined, newest: MetricAggregate): MetricReading {
  const last = newest.count === 0 ? null : averageOfThousandths(newest.last, 1);
  if (current === undefined || current.count === 0) return { avg: null, min: null, max: null, last };
  return {
    avg: averageOfThousandths(current.sum, current.count),
    min: averageOfThousandths(current.min, 1),
    max: averageOfThousandths(current.max, 1),
    last,
  };
}
