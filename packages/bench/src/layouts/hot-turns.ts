import { BenchChild } from '../processes/bench-child.js';
import type { CommitFigures } from './commit-turns.js';
import type { HotCommitted, HotWriter } from './hot-writer.js';
import { LAYOUTS } from './layouts.js';
import { inBlocks, medians, redisUs, type Side, type Used, withSides } from './sides.js';

/** Processes that commit the same labs. */
export interface HotCase {
  readonly name: string;
  readonly writers: number;
  readonly labs: number;
  readonly perLab: number;
  readonly intervalMs: number;
  readonly warm: number;
  readonly batches: number;
  /** Batches whose figures are added up before the median is taken. */
  readonly block: number;
}

export function hotCases(size: 'normal' | 'short' | 'smoke'): readonly HotCase[] {
  const hot = (writers: number, labs: number, warm: number, batches: number, block: number): HotCase => ({
    name: `100 of a lab, the same ${labs} labs by ${writers} processes`,
    writers,
    labs,
    perLab: 100,
    intervalMs: 3000,
    warm,
    batches,
    block,
  });
  if (size === 'smoke') return [hot(2, 3, 1, 2, 1)];
  return [hot(2, 100, 8, 24, 8), hot(4, 100, 8, 24, 8)];
}

/** Has several processes commit to both layouts by turns, all at once in a turn. */
export async function hotTurns(one: HotCase, failures: string[]): Promise<CommitFigures> {
  return withSides(async (sides) => {
    const startMs = Math.ceil(Date.now() / 86_400_000) * 86_400_000;
    const groups: BenchChild[][] = [];
    try {
      for (const side of sides) groups.push(await startWriters(one, side, startMs));
      const observations = one.writers * one.labs * one.perLab;
      const used: [Used[], Used[]] = [[], []];
      for (let k = 0; k < one.warm + one.batches; k++)
        for (const which of k % 2 === 0 ? [0, 1] : [1, 0]) {
          const turn = await turnOf(groups[which]!, sides[which]!);
          if (turn.committed !== observations)
            failures.push(`${one.name}, ${sides[which]!.layout.name}: ${turn.committed} of ${observations}`);
          if (k >= one.warm)
            used[which]!.push({
              wallMs: turn.wallMs / observations,
              redisUs: turn.redisUs / observations,
              ownUs: turn.ownUs / observations,
            });
        }
      return {
        name: one.name,
        observations: observations * one.batches,
        used: [medians(inBlocks(used[0], one.block)), medians(inBlocks(used[1], one.block))],
      };
    } finally {
      for (const child of groups.flat()) child.process.kill();
    }
  });
}

async function startWriters(one: HotCase, { url, layout }: Side, startMs: number): Promise<BenchChild[]> {
  const { writers, labs, perLab, intervalMs } = one;
  const children: BenchChild[] = [];
  for (let writer = 0; writer < writers; writer++)
    children.push(
      new BenchChild('hot-writer', {
        url,
        layout: LAYOUTS.indexOf(layout),
        writer,
        writers,
        labs,
        perLab,
        intervalMs,
        startMs,
      } satisfies HotWriter),
    );
  await Promise.all(children.map((child) => child.hear('ready')));
  return children;
}

async function turnOf(
  children: readonly BenchChild[],
  { server }: Side,
): Promise<Used & { committed: number }> {
  const before = await redisUs(server);
  const startMs = performance.now();
  const heard = children.map((child) => child.hear<HotCommitted>('committed'));
  for (const child of children) child.tell('commit');
  const all = await Promise.all(heard);
  const sum = (of: (one: HotCommitted) => number) => all.reduce((total, one) => total + of(one), 0);
  return {
    wallMs: performance.now() - startMs,
    redisUs: (await redisUs(server)) - before,
    ownUs: sum(({ ownUs }) => ownUs),
    committed: sum(({ committed }) => committed),
  };
}
