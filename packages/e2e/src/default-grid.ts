import { bucketGrid, parseRollups } from '@humtemp/bucket-core';

/** The resolutions that humtemp has unless it is told otherwise. */
export const DEFAULT_GRID = bucketGrid(0, { durationS: 86_400, retention: 2 }, parseRollups('5m:1d,1h:7d'));
