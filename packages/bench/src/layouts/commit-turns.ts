import { Batch } from '@humtemp/bucket-core';
import { values } from '../memory/rooms.js';
import { inBlocks, medians, type Side, type Used, usedBy, withSides } from './sides.js';

/** What is committed, again and again. */
export interface CommitCase {
  readonly name: string;
  readonly labs: number;
  /** Batches before the measured ones, and measured ones. */
  readonly warm: number;
  readonly batches: number;
  /** Batches whose figures are added up before the median is taken: as many as spread the folds of all labs evenly. */
  readonly block: number;
  /** Whether a batch repeats what was counted. */
  readonly repeats?: boolean;
  batch(k: number, startMs: number): Batch;
  /** Minutes of history of each lab before. */
  readonly historyMinutes?: number;
  readonly nowMs: (k: number, startMs: number) => number;
}

export interface CommitFigures {
  readonly name: string;
  readonly observations: number;
  /** Of an observation, in the order of the sides. */
  readonly used: readonly [Used, Used];
}

const MINUTE_MS = 60_000;
const labName = (i: number) => `lab-${String(i).padStart(6, '0')}`;

function rising(
  name: string,
  labs: number,
  perLab: number,
  intervalS: number,
  warm: number,
  batches: number,
  block: number,
): CommitCase {
  return {
    name,
    labs,
    warm,
    batches,
    block,
    batch(k, startMs) {
      const batch = new Batch();
      for (let i = 0; i < labs; i++) {
        // Labs begin at different times, so that folds are spread as they are in life.
        if (k < warm && k < i % 24) continue;
        for (let q = 0; q < perLab; q++) {
          const s = (k * perLab + q) * intervalS;
          batch.add(labName(i), startMs + s * 1000 + (i % 1000), 0, ...values(i, s / 60));
        }
      }
      return batch;
    },
    nowMs: (k, startMs) => startMs + (k + 1) * perLab * intervalS * 1000,
  };
}

const HISTORY_MINUTES = 240;
const NOW_MS = (_: number, startMs: number) => startMs + (HISTORY_MINUTES + 60) * MINUTE_MS;

function afterwards(
  name: string,
  labs: number,
  batches: number,
  offsetMs: (i: number, k: number) => number,
  repeats: boolean,
): CommitCase {
  return {
    name,
    labs,
    warm: Math.ceil(batches / 4),
    batches,
    block: Math.max(1, Math.floor(batches / 4)),
    repeats,
    historyMinutes: HISTORY_MINUTES,
    batch(k, startMs) {
      const batch = new Batch();
      for (let i = 0; i < labs; i++) {
        const ms = offsetMs(i, k);
        batch.add(labName(i), startMs + ms, 0, ...values(i, Math.floor(ms / MINUTE_MS)));
      }
      return batch;
    },
    nowMs: NOW_MS,
  };
}

export function commitCases(size: 'normal' | 'short' | 'smoke'): readonly CommitCase[] {
  if (size === 'smoke') return [rising('1 of a lab in a batch', 50, 1, 60, 2, 4, 2)];
  const many =
    size === 'normal' ? [rising('1 of a lab in a batch, 20,000 labs', 20_000, 1, 60, 24, 48, 16)] : [];
  return [
    rising('1 of a lab in a batch, 3,000 labs', 3000, 1, 60, 48, 72, 24),
    ...many,
    rising('10 of a lab in a batch, 600 labs', 600, 10, 60, 36, 72, 12),
    rising('100 of a lab in a batch, 100 labs', 100, 100, 3, 48, 72, 24),
    afterwards('repeats of observations hours old', 2000, 40, (i, k) => (120 + k) * MINUTE_MS + i, true),
    afterwards('new observations, hours late', 2000, 40, (i, k) => (120 + k) * MINUTE_MS + i + 1000, false),
  ];
}

/** Commits the same batches to both layouts by turns, folds included. */
export async function commitTurns(one: CommitCase, failures: string[]): Promise<CommitFigures> {
  return withSides(async (sides) => {
    const startMs = Math.ceil(Date.now() / 86_400_000) * 86_400_000;
    for (let m = 0; m < (one.historyMinutes ?? 0); m += 10) {
      const batch = new Batch();
      for (let i = 0; i < one.labs; i++)
        for (let q = m; q < m + 10; q++)
          batch.add(labName(i), startMs + q * MINUTE_MS + i, 0, ...values(i, q));
      for (const { store } of sides) {
        await store.commit(batch, NOW_MS(0, startMs));
        await store.whenFolded();
      }
    }
    const blocks: [Used[], Used[]] = [[], []];
    let observations = 0;
    for (let k = 0; k < one.warm + one.batches; k++) {
      const batch = one.batch(k, startMs);
      const order = k % 2 === 0 ? [0, 1] : [1, 0];
      for (const which of order) {
        const used = await usedBy(sides[which]!, () =>
          checkedCommit(sides[which]!, batch, one, k, startMs, failures),
        );
        if (k >= one.warm) blocks[which]!.push(per(used, batch.observations));
      }
      if (k >= one.warm) observations += batch.observations;
    }
    const used = blocks.map((each) => medians(inBlocks(each, one.block))) as [Used, Used];
    return { name: one.name, observations, used };
  });
}

export async function checkedCommit(
  { store, layout }: Side,
  batch: Batch,
  { name, repeats, nowMs }: CommitCase,
  k: number,
  startMs: number,
  failures: string[],
): Promise<void> {
  const { committed } = await store.commit(batch, nowMs(k, startMs));
  const expected = repeats ? 0 : batch.observations;
  if (committed !== expected)
    failures.push(`${name}, ${layout.name}: ${committed} of ${expected} are committed`);
}

function per({ wallMs, redisUs, ownUs }: Used, observations: number): Used {
  return { wallMs: wallMs / observations, redisUs: redisUs / observations, ownUs: ownUs / observations };
}
