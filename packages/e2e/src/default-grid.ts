import { bucketGrid, parseRollups } from '@humtemp/bucket-core';

/** The resolutions that humtemp has in Redis unless it is told otherwise. */
export const DEFAULT_GRID = bucketGrid(0, { durationS: 86_400, retention: 2 }, parseRollups('5m:1d,1h:7d'));

/** The same in the embedded store: kept for longer. */
export const EMBEDDED_GRID = bucketGrid(
  0,
  { durationS: 86_400, retention: 3660 },
  parseRollups('5m:7d,1h:366d'),
);
