import { Batch } from '@humtemp/bucket-core';
import { values } from '../memory/rooms.js';
import { say, told } from '../processes/told.js';
import { LAYOUTS } from './layouts.js';

/** What one of several processes commits that have the same labs. */
export interface HotWriter {
  readonly url: string;
  /** Of LAYOUTS. */
  readonly layout: number;
  readonly writer: number;
  readonly writers: number;
  readonly labs: number;
  /** Observations of each lab in a batch. */
  readonly perLab: number;
  /** Between two observations of a writer. */
  readonly intervalMs: number;
  readonly startMs: number;
}

/** What a batch came to. */
export interface HotCommitted {
  readonly committed: number;
  /** CPU of the process, folds included, µs. */
  readonly ownUs: number;
}

/**
 * Commits one batch after the other, each when it is asked for. What writers send lies between each other's: all have the
 * same minutes.
 */
export async function runHotWriter(writer: HotWriter): Promise<void> {
  const { url, layout, labs, perLab, intervalMs, startMs } = writer;
  const store = await LAYOUTS[layout]!.open(url);
  say('ready');
  for (let k = 0; ; k++) {
    const batch = new Batch();
    for (let i = 0; i < labs; i++)
      for (let q = 0; q < perLab; q++) {
        const ms = (k * perLab + q) * intervalMs + Math.floor((writer.writer * intervalMs) / writer.writers);
        batch.add(`lab-${i}`, startMs + ms + i, 0, ...values(i, ms / 60_000));
      }
    await told('commit');
    const before = process.cpuUsage();
    const { committed } = await store.commit(batch, startMs + (k + 1) * perLab * intervalMs);
    await store.whenFolded();
    const { user, system } = process.cpuUsage(before);
    say('committed', { committed, ownUs: user + system } satisfies HotCommitted);
  }
}
