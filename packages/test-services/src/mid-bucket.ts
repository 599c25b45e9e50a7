/** Half a day, half an hour and half of five minutes. */
const SINCE_START_S = 43_200 + 1800 + 150;

export interface MidBucket {
  /** Where the current bucket of a day begins, Unix seconds. */
  readonly startS: number;
  /** What a process of the test is started with. */
  readonly env: { readonly HUMTEMP_BUCKET_OFFSET: string };
}

/**
 * Buckets of a day, an hour and five minutes that are half over now. With the usual ones, a test that looks at the current
 * bucket fails when it runs at midnight: what it sends then lies in two of them, or no longer in the current one.
 */
export function midBucket(nowMs = Date.now()): MidBucket {
  const startS = Math.floor(nowMs / 1000) - SINCE_START_S;
  const iso = new Date(startS * 1000).toISOString().replace('.000', '');
  return { startS, env: { HUMTEMP_BUCKET_OFFSET: iso } };
}
