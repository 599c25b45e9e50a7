import { Batch } from '@humtemp/bucket-core';
import type { Side } from '../layouts/sides.js';
import { values } from '../memory/rooms.js';

/** What is in the store before anything is read. */
export interface History {
  readonly labs: number;
  readonly hours: number;
  /** Minutes between two observations of a lab. */
  readonly everyMinutes: number;
  /** Observations at the end that come one by one, so that tails have all lengths. */
  readonly tail: number;
}

const MINUTE_MS = 60_000;
/** Labs in one commit. */
const LABS_AT_ONCE = 1000;

export const labName = (i: number) => `lab-${String(i).padStart(6, '0')}`;

/** Commits the same history to all layouts, up to now. */
export async function fill(
  sides: readonly Pick<Side, 'store'>[],
  { labs, hours, everyMinutes, tail }: History,
  nowMs: number,
): Promise<void> {
  const startMs = nowMs - (hours * 60 + tail) * MINUTE_MS;
  const commit = async (batch: Batch, atMs: number) => {
    for (const { store } of sides) {
      await store.commit(batch, atMs);
      await store.whenFolded();
    }
  };
  for (let minute = 0; minute < hours * 60; minute += 60)
    for (let from = 0; from < labs; from += LABS_AT_ONCE) {
      const batch = new Batch();
      for (let i = from; i < Math.min(labs, from + LABS_AT_ONCE); i++)
        for (let m = minute; m < minute + 60; m += everyMinutes)
          batch.add(labName(i), startMs + m * MINUTE_MS + i, 0, ...values(i, m));
      await commit(batch, startMs + (minute + 60) * MINUTE_MS);
    }
  for (let k = 0; k < tail; k++)
    for (let from = 0; from < labs; from += 10 * LABS_AT_ONCE) {
      const batch = new Batch();
      for (let i = from; i < Math.min(labs, from + 10 * LABS_AT_ONCE); i++)
        if (i % tail <= k)
          batch.add(labName(i), nowMs - (tail - k) * MINUTE_MS + (i % 10_000) + 10_000, 0, ...values(i, k));
      await commit(batch, nowMs);
    }
}
