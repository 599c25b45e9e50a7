import { Batch } from '@humtemp/bucket-core';
import { inTurns } from '../by-turns.js';
import { median, whole } from '../figures.js';
import type { Report, Scenario } from '../scenario.js';
import { openSides, type Side } from './sides.js';

const SIZES = {
  normal: { labs: 10_000, batches: 16, history: 30, rounds: 8 },
  short: { labs: 10_000, batches: 8, history: 20, rounds: 3 },
  smoke: { labs: 300, batches: 2, history: 2, rounds: 1 },
};
const HOURS = 6;

/** One round of one side, for each observation. */
interface Measured {
  readonly redisUs: number;
  readonly ownUs: number;
  readonly wallUs: number;
  readonly calls: number;
}

export const cluster: Scenario = {
  name: 'cluster',
  summary:
    'CPU of a commit to a Redis Cluster beside one to a single server, and beside the least that it can be',
  async run(options): Promise<Report> {
    const size = SIZES[options.size];
    const rounds = options.rounds ?? size.rounds;
    const { labs, batches, history } = size;
    const batchOf = batchesOf(labs, history + rounds * batches);
    const { sides, close } = await openSides();
    try {
      for (const side of sides) {
        for (let n = 0; n < history; n++) await side.commit(batchOf(n));
        await side.settled();
      }
      const { turns, failures: failed } = await inTurns(
        sides,
        rounds,
        (side, round) => measure(side, labs, batches, (n) => batchOf(history + (round - 1) * batches + n)),
        ({ redisUs, ownUs }) => `${redisUs.toFixed(2)} + ${ownUs.toFixed(2)} µs`,
      );
      const failures = [...failed];
      const expected = labs * (history + rounds * batches);
      for (const side of sides) {
        const committed = await side.committed();
        if (committed !== expected) failures.push(`${side.name}: ${committed} committed of ${expected}`);
      }
      const rows = turns.map(({ peer, rounds: own }) => {
        const against = turns.find(({ peer: { name } }) => name === peer.against)?.rounds;
        return rowOf(peer, own, against);
      });
      return {
        title: `cluster: ${whole(labs)} labs in each commit, one observation of each; medians of ${rounds} by turns, folds included`,
        columns: [
          'what',
          'script calls a commit',
          'CPU of Redis, µs an observation',
          'times as much',
          'CPU of the process',
          'times as much',
          'both, times as much',
          'wall',
          'times as much',
        ],
        rows,
        notes: [
          'Three masters without replicas, no persistence; Redis by its own account. Times as much: as the single server.',
          'Floor: a script that reads the end of each head and appends a row to it, and reads and writes two records in each call.',
        ],
        failures,
        figures: { turns: turns.map(({ peer: { name }, rounds: own }) => ({ name, rounds: own })) },
      };
    } finally {
      await close();
    }
  },
};

/** So many batches, each with one observation of every lab, one after the other in the last hours. */
function batchesOf(labs: number, count: number): (n: number) => Batch {
  const startMs = Date.now() - HOURS * 3600_000;
  const stepMs = Math.min(60_000, Math.floor((HOURS * 3600_000) / (count + 1)));
  return (n) => {
    const batch = new Batch();
    for (let lab = 0; lab < labs; lab++) {
      const ms = startMs + n * stepMs + (lab % stepMs);
      batch.add(`lab-${lab}`, ms, 0, 20_000 + ((lab * 7 + n) % 500), 45_000 + ((lab + n * 3) % 900));
    }
    return batch;
  };
}

async function measure(
  side: Side,
  labs: number,
  batches: number,
  batchOf: (n: number) => Batch,
): Promise<Measured> {
  const all = Array.from({ length: batches }, (_, n) => batchOf(n));
  const before = await side.used();
  const startMs = performance.now();
  const ownBefore = process.cpuUsage();
  for (const batch of all) await side.commit(batch);
  await side.settled();
  const own = process.cpuUsage(ownBefore);
  const wallMs = performance.now() - startMs;
  const after = await side.used();
  const observations = labs * batches;
  return {
    redisUs: (after.cpuUs - before.cpuUs) / observations,
    ownUs: (own.user + own.system) / observations,
    wallUs: (wallMs * 1000) / observations,
    calls: (after.calls - before.calls) / batches,
  };
}

function rowOf({ name }: Side, own: readonly Measured[], against: readonly Measured[] | undefined): string[] {
  const of = (rounds: readonly Measured[], value: (one: Measured) => number) => median(rounds.map(value));
  const ratio = (value: (one: Measured) => number) =>
    against === undefined ? '' : (of(own, value) / of(against, value)).toFixed(2);
  const pair = (value: (one: Measured) => number) => [of(own, value).toFixed(2), ratio(value)];
  return [
    name,
    whole(of(own, ({ calls }) => calls)),
    ...pair(({ redisUs }) => redisUs),
    ...pair(({ ownUs }) => ownUs),
    ratio(({ redisUs, ownUs }) => redisUs + ownUs),
    ...pair(({ wallUs }) => wallUs),
  ];
}
