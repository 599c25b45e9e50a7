import { Batch, type Resolution } from '@humtemp/bucket-core';
import { values } from '../memory/rooms.js';
import { GRID } from '../redis.js';
import type { MeasuredStore } from './layouts.js';
import { medians, type Side, type Used, usedBy, withSides } from './sides.js';

export interface ReadFigures {
  readonly name: string;
  /** In the order of the sides. */
  readonly used: readonly [Used, Used];
}

const labName = (i: number) => `lab-${String(i).padStart(6, '0')}`;
const HOURS = 26;
const MINUTE_MS = 60_000;

/** Reads the same from both layouts by turns: labs with 26 dense hours, and tails of all lengths. */
export async function readTurns(labs: number, rounds: number, failures: string[]): Promise<ReadFigures[]> {
  return withSides(async (sides) => {
    const nowMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
    await fill(sides, labs, nowMs);
    const figures: ReadFigures[] = [];
    for (const { name, read } of questions(labs, nowMs)) {
      const all: [Used[], Used[]] = [[], []];
      const answers = ['', ''];
      for (let round = 0; round <= rounds; round++)
        for (const which of round % 2 === 0 ? [0, 1] : [1, 0]) {
          const used = await usedBy(sides[which]!, async () => {
            answers[which] = await read(sides[which]!.store);
          });
          if (round > 0) all[which]!.push(used);
        }
      if (answers[0] !== answers[1]) failures.push(`${name}: ${answers[0]} and ${answers[1]}`);
      figures.push({ name, used: [medians(all[0]), medians(all[1])] });
    }
    return figures;
  });
}

async function fill(sides: readonly Side[], labs: number, nowMs: number): Promise<void> {
  const startMs = nowMs - HOURS * 60 * MINUTE_MS - 24 * MINUTE_MS;
  const commit = async (batch: Batch, atMs: number) => {
    for (const { store } of sides) {
      await store.commit(batch, atMs);
      await store.whenFolded();
    }
  };
  for (let minute = 0; minute < HOURS * 60; minute += 60)
    for (let from = 0; from < labs; from += 1000) {
      const batch = new Batch();
      for (let i = from; i < Math.min(labs, from + 1000); i++)
        for (let m = minute; m < minute + 60; m++)
          batch.add(labName(i), startMs + m * MINUTE_MS + i, 0, ...values(i, m));
      await commit(batch, startMs + (minute + 60) * MINUTE_MS);
    }
  for (let k = 0; k < 24; k++) {
    const batch = new Batch();
    for (let i = 0; i < labs; i++)
      if (i % 24 <= k) batch.add(labName(i), nowMs - (24 - k) * MINUTE_MS + i + 10_000, 0, ...values(i, k));
    await commit(batch, nowMs);
  }
}

interface Question {
  readonly name: string;
  /** A digest of what was read, the same for both. */
  read(store: MeasuredStore): Promise<string>;
}

function questions(labs: number, nowMs: number): readonly Question[] {
  const [day, five, hour] = GRID.resolutions as [Resolution, Resolution, Resolution];
  const startS = ({ durationS }: Resolution, ago: number) =>
    Math.floor(nowMs / 1000 / durationS) * durationS - ago * durationS;
  const everyLab = (
    name: string,
    resolution: Resolution,
    ago: number,
    withHistograms: boolean,
  ): Question => ({
    name: `all labs, ${name}`,
    async read(store) {
      let [count, sum] = [0, 0];
      const pages = store.buckets('all', resolution, startS(resolution, ago), nowMs, withHistograms);
      for await (const page of pages)
        for (const { aggregate } of page) {
          count += 1;
          sum += aggregate.temp.sum + (aggregate.humidity.sumSquares % 1e6) + aggregate.observations;
        }
      return `${count} ${sum}`;
    },
  });
  const oneLab = (name: string, resolution: Resolution, buckets: number): Question => ({
    name: `100 labs one by one, ${name}`,
    async read(store) {
      let [count, sum] = [0, 0];
      for (let i = 0; i < 100; i++) {
        const fromS = startS(resolution, buckets - 2);
        const toS = startS(resolution, 0) + resolution.durationS;
        for (const { aggregate } of await store.series(
          labName((i * 7) % labs),
          resolution,
          fromS,
          toS,
          nowMs,
        )) {
          count += 1;
          sum += aggregate.temp.sum;
        }
      }
      return `${count} ${sum}`;
    },
  });
  const some = Array.from({ length: Math.min(1000, labs) }, (_, i) => labName((i * 7) % labs));
  return [
    everyLab('the current day, as /summary asks', day, 0, false),
    everyLab('the previous day, as /summary asks', day, 1, false),
    everyLab('the previous day, with histograms', day, 1, true),
    everyLab('the current hour', hour, 0, true),
    everyLab('the hour before', hour, 1, true),
    everyLab('5 hours before', hour, 5, true),
    everyLab('the 5 minutes before', five, 1, false),
    everyLab('30 times 5 minutes before', five, 30, false),
    oneLab('a day of 5 minutes', five, 287),
    oneLab('26 hours', hour, 26),
    {
      name: `latest of ${some.length} labs`,
      async read(store) {
        const latest = await store.latest(some, nowMs);
        return `${latest.reduce((sum, bucket) => sum + bucket!.aggregate.temp.last, 0)}`;
      },
    },
    { name: 'the first name', read: async (store) => (await store.labs('', 1, nowMs)).join() },
    { name: 'the first 1,000 names', read: async (store) => `${(await store.labs('', 1000, nowMs)).length}` },
  ];
}
