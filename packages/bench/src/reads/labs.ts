import { bucketGrid, parseRollups } from '@humtemp/bucket-core';

/** As HUMTEMP_ROLLUPS; hours are kept for so long that a range of a month can be read. */
export const ROLLUPS = '5m:1d,1h:30d';
export const READS_GRID = bucketGrid(0, { durationS: 86_400, retention: 2 }, parseRollups(ROLLUPS));
export const DAY_S = 86_400;
export const DAYS = 30;

/** The lab of which a day and a month are read. */
export const LAB_READ = labName(0);

export function labName(i: number): string {
  return `building-${i % 50}/lab-${String(i).padStart(6, '0')}`;
}

/** Spread over as many bins of the histograms as a day in a room has. */
const SPREAD = [
  [0, 0],
  [700, 2000],
  [1500, 5000],
  [2600, 9000],
] as const;

/** As a batch has them: timestampMs, identity, temp, humidity. */
export type ObservationRow = readonly [number, number, number, number];

/** What a lab has observed: something today and yesterday; the first one, every five minutes for a month. */
export function observationsOf(lab: number, nowMs: number): ObservationRow[] {
  const todayMs = todayStartS(nowMs) * 1000;
  const timesMs = [todayMs, todayMs - DAY_S * 1000];
  if (lab === 0) for (let i = 1; i < DAYS * 288; i++) timesMs.push(nowMs - i * 300_000);
  return timesMs.flatMap((timeMs) =>
    SPREAD.map(([temp, humidity], i) => {
      const timestampMs = timeMs + i;
      const values = [
        19_000 + ((lab * 37) % 3000) + temp,
        40_000 + ((lab * 91) % 10_000) + humidity,
      ] as const;
      return [timestampMs, 0, ...values] as const;
    }),
  );
}

/** Start of the current bucket of a day. */
export function todayStartS(nowMs: number): number {
  return Math.floor(nowMs / 1000 / DAY_S) * DAY_S;
}
