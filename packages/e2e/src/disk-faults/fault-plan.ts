import { ABSENT, Batch, bucketGrid, type StoreOptions } from '@humtemp/bucket-core';

/** What the writer under faults commits, computed from a seed and a batch's number alone. */

export const FAULT_GRID = bucketGrid(0, { durationS: 7200, retention: 5 }, [
  { durationS: 300, retention: 60 },
  { durationS: 3600, retention: 9 },
]);

export const FAULT_OPTIONS: StoreOptions = {
  grid: FAULT_GRID,
  deduplicationHorizonS: 48 * 3600,
  labsMax: 100_000,
  rejectionsMax: 5,
};

/** Small, so that a few hundred batches are saved and merged several times. */
export const FAULT_LIMITS = { memoryBytesMax: 150_000, journalBytesMax: 60_000, cacheBytesMax: 100_000 };

/** One observation: lab, Unix milliseconds, temp and humidity in thousandths. */
export type PlannedRow = readonly [lab: string, timestampMs: number, temp: number, humidity: number];

/** When batch `k` is committed. */
export const batchMs = (baseMs: number, k: number) => baseMs + k * 250;

/** The observations of batch `k`: some labs often, some rarely, some late, and some that came before. */
export function plannedRows(baseMs: number, seed: number, k: number): readonly PlannedRow[] {
  const rows = freshRows(baseMs, seed, k);
  for (const before of [1, 4, 30, 90])
    if (k >= before) rows.push(...freshRows(baseMs, seed, k - before).slice(before % 37, (before % 37) + 6));
  return rows;
}

/** Those that did not come before. */
function freshRows(baseMs: number, seed: number, k: number): PlannedRow[] {
  const random = randomOf(seed * 7919 + k);
  const rows: PlannedRow[] = [];
  const nowMs = batchMs(baseMs, k);
  for (let i = 0; i < 25; i++)
    rows.push([`hot-${i % 4}`, nowMs + i, 20_000 + Math.floor(random() * 3000), 50_000 + (k % 100)]);
  for (let i = 0; i < 12; i++)
    rows.push([
      `rare-${Math.floor(random() * 400)}`,
      nowMs + i,
      21_000 + k,
      random() < 0.2 ? ABSENT : 40_000 + i,
    ]);
  for (let i = 0; i < 3; i++)
    rows.push([`hot-${i}`, nowMs - Math.floor(random() * 4 * 3_600_000), 15_000 + k, 60_000]);
  return rows;
}

export function batchOfRows(rows: readonly PlannedRow[]): Batch {
  const batch = new Batch();
  for (const [lab, timestampMs, temp, humidity] of rows) batch.add(lab, timestampMs, 0, temp, humidity);
  return batch;
}

function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
