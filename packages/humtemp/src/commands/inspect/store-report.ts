import {
  type Aggregate,
  averageOfThousandths,
  type LabBucket,
  type LedgerReport,
  lastMs,
  type MetricAggregate,
  type Rejection,
  type Resolution,
  type StoreCount,
  type StoreFault,
} from '@humtemp/bucket-core';
import { type Config, readConfig } from '../../config/config.js';
import { withoutPassword } from '../../config/url.js';
import { StartError } from '../../start-error.js';
import { openStore } from '../archive/open-store.js';

/** Labs counted, and rejections read. */
const LABS_COUNTED_MAX = 100_000;
const REJECTIONS_SHOWN = 10;

/** What a store holds. */
export interface StoreReport {
  readonly store: string;
  readonly resolutions: readonly Resolution[];
  readonly deduplicationHorizonS: number;
  readonly files?: { readonly tables: number; readonly tableBytes: number; readonly journals: number };
  /** Counted up to 100,000. */
  readonly labs: number;
  /** The newest bucket of the labs that were asked for, decoded. */
  readonly newest: readonly BucketReport[];
  readonly ledgers: readonly LedgerReport[];
  /** What the store itself counted, by process. */
  readonly counted: readonly StoreCount[];
  readonly rejections: readonly Omit<Rejection, 'excerpt'>[];
  readonly faults: readonly StoreFault[];
}

export interface BucketReport {
  readonly lab: string;
  readonly start: string;
  readonly observations: number;
  readonly first: string;
  readonly last: string;
  readonly temp: MetricReport | null;
  readonly humidity: MetricReport | null;
}

export interface MetricReport {
  readonly count: number;
  readonly avg: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly last: number | null;
}

export interface WantedLabs {
  /** Only this lab. */
  readonly lab: string | undefined;
  /** The first so many. */
  readonly limit: number;
}

/** Reads the store that the environment names. A data folder is never written, and its process may run. @throws StartError */
export function readStore(env: NodeJS.ProcessEnv, wanted: WantedLabs, nowMs: number): Promise<StoreReport> {
  const config = readConfig(env, 'start');
  return 'dataDir' in config.store
    ? readFolder(config.store.dataDir, wanted, nowMs)
    : readRedis(env, config, config.store.redisUrl, wanted, nowMs);
}

async function readFolder(dataDir: string, { lab, limit }: WantedLabs, nowMs: number): Promise<StoreReport> {
  const { FolderView } = await import('@humtemp/bucket-core/embedded');
  let view: Awaited<ReturnType<typeof FolderView.read>>;
  try {
    view = await FolderView.read(dataDir);
  } catch (error) {
    throw new StartError(`${dataDir}: ${(error as Error).message}`, { cause: error });
  }
  if (view === undefined)
    throw new StartError(`${dataDir}: there is no store in it; HUMTEMP_DATA_DIR names one`);
  try {
    const labs = await view.labs('', LABS_COUNTED_MAX, nowMs);
    const chosen = lab === undefined ? labs.slice(0, limit) : [lab];
    return {
      store: dataDir,
      resolutions: view.configuration.grid.resolutions,
      deduplicationHorizonS: view.configuration.deduplicationHorizonS,
      files: view.files,
      labs: labs.length,
      newest: chosen.flatMap((name) => bucketReports([view.latest(name, nowMs)])),
      ledgers: view.ledgers,
      counted: view.counted,
      rejections: view.rejections(REJECTIONS_SHOWN).map(withoutPayload),
      faults: view.faults,
    };
  } finally {
    view.close();
  }
}

async function readRedis(
  env: NodeJS.ProcessEnv,
  config: Config,
  url: string,
  { lab, limit }: WantedLabs,
  nowMs: number,
): Promise<StoreReport> {
  const { store, grid } = await openStore(env, false);
  try {
    const labs = await store.labs('', LABS_COUNTED_MAX, nowMs);
    return {
      store: withoutPassword(url),
      resolutions: grid.resolutions,
      deduplicationHorizonS: config.deduplicationHorizonS,
      labs: labs.length,
      newest: bucketReports(await store.latest(lab === undefined ? labs.slice(0, limit) : [lab], nowMs)),
      ledgers: await store.ledgers(nowMs),
      counted: await store.counted(),
      rejections: (await store.rejections(REJECTIONS_SHOWN)).map(withoutPayload),
      faults: await store.faults(REJECTIONS_SHOWN),
    };
  } finally {
    await store.close();
  }
}

function withoutPayload({ excerpt: _, ...rejection }: Rejection): StoreReport['rejections'][number] {
  return rejection;
}

function bucketReports(buckets: readonly (LabBucket | undefined)[]): BucketReport[] {
  return buckets.flatMap((bucket) => (bucket === undefined ? [] : [bucketReport(bucket)]));
}

function bucketReport({ lab, startS, aggregate }: LabBucket): BucketReport {
  return {
    lab,
    start: new Date(startS * 1000).toISOString(),
    observations: aggregate.observations,
    first: new Date(aggregate.firstMs).toISOString(),
    last: new Date(lastMs(aggregate)).toISOString(),
    temp: metricReport(aggregate, 'temp'),
    humidity: metricReport(aggregate, 'humidity'),
  };
}

function metricReport(aggregate: Aggregate, name: 'temp' | 'humidity'): MetricReport | null {
  const { count, sum, min, max, last }: MetricAggregate = aggregate[name];
  if (count === 0) return null;
  return {
    count,
    avg: averageOfThousandths(sum, count),
    min: averageOfThousandths(min, 1),
    max: averageOfThousandths(max, 1),
    last: averageOfThousandths(last, 1),
  };
}
