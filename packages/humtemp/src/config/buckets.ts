import { type BucketGrid, bucketGrid, defaultHorizonS, parseAlignmentS } from '@humtemp/bucket-core';
import { duration, integer, kind } from './kinds.js';
import { problem } from './problem.js';
import { BUCKET_DURATION_S_MAX, BUCKET_RETENTION_MAX, rollups } from './rollups.js';
import { optional, type ValuesOf, withDefault } from './variable.js';

const horizon = duration('366d');

/** What is kept by default. On the disk a long memory costs little; in Redis it is memory. */
const KEPT = {
  embedded: { retention: 3660, rollups: '5m:7d,1h:366d' },
  redis: { retention: 2, rollups: '5m:1d,1h:7d' },
} as const;

/** What a bucket is, and how long what is kept. They must be the same in all processes of one store. */
export const BUCKETS = {
  heading: 'Buckets',
  variables: {
    bucketDurationS: withDefault(
      'HUMTEMP_BUCKET_DURATION',
      '86400',
      'length of a bucket',
      integer(1, BUCKET_DURATION_S_MAX, 'seconds'),
    ),
    bucketRetention: optional(
      'HUMTEMP_BUCKET_RETENTION',
      `buckets that are kept, the current one included; default: ${KEPT.embedded.retention}, in Redis ${KEPT.redis.retention}`,
      integer(1, BUCKET_RETENTION_MAX),
    ),
    bucketAlignmentS: withDefault(
      'HUMTEMP_BUCKET_OFFSET',
      '1970-01-01T00:00:00+00:00',
      'a time at which a bucket starts',
      kind('ISO 8601 with a zone', parseAlignmentS),
    ),
    rollups: optional(
      'HUMTEMP_ROLLUPS',
      `further resolutions; empty for none; default: ${KEPT.embedded.rollups}, in Redis ${KEPT.redis.rollups}`,
      kind('duration:retention, …', rollups),
    ),
    deduplicationHorizonS: optional(
      'HUMTEMP_DEDUPLICATION_HORIZON',
      'how long an observation is remembered, so that it counts once; default: the longest retention, up to 2d; 0: off',
      kind('duration up to 366d, or 0', (value) => (value.trim() === '0' ? 0 : horizon.parse(value))),
    ),
    expectedIntervalS: withDefault(
      'HUMTEMP_EXPECTED_INTERVAL',
      '30s',
      'how often a lab should report; a lab that is silent for three times as long is stale',
      duration('366d'),
    ),
    labsMax: withDefault(
      'HUMTEMP_LABS_MAX',
      '1000000',
      'labs; observations of further ones are rejected',
      integer(1, 1e9),
    ),
    rejectionsMax: withDefault(
      'HUMTEMP_REJECTIONS_MAX',
      '1000',
      'newest rejections that are kept; 0: they are only counted',
      integer(0, 1_000_000),
    ),
  },
} as const;

export type BucketValues = ValuesOf<typeof BUCKETS>;

/** Grid and horizon, or what is wrong with the variables together. @param store where they are kept */
export function bucketsOf(
  values: BucketValues,
  store: keyof typeof KEPT,
  env: NodeJS.ProcessEnv,
): { readonly grid: BucketGrid; readonly deduplicationHorizonS: number } | { readonly problem: string } {
  const kept = KEPT[store];
  const primary = {
    durationS: values.bucketDurationS,
    retention: values.bucketRetention ?? kept.retention,
  };
  // A default rollup gives way to a primary resolution of the same duration; one that was asked for does not.
  const further =
    values.rollups ?? rollups(kept.rollups).filter((rollup) => rollup.durationS !== primary.durationS);
  try {
    const grid = bucketGrid(values.bucketAlignmentS, primary, further);
    return { grid, deduplicationHorizonS: values.deduplicationHorizonS ?? defaultHorizonS(grid) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { problem: problem('HUMTEMP_ROLLUPS', env.HUMTEMP_ROLLUPS ?? kept.rollups, error.message) };
  }
}
