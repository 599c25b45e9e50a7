import { createHash } from 'node:crypto';
import type { Resolution } from '@humtemp/bucket-core';
import type { MeasuredStore } from '../layouts/layouts.js';
import { GRID } from '../redis.js';
import { labName } from './fill.js';

export interface Question {
  readonly name: string;
  /** @returns all that was read, by those who are to look at it; nothing is done with it. */
  read(store: MeasuredStore, take: (found: readonly unknown[]) => void): Promise<void>;
}

/** What a store answers, in 64 digits: every bucket with every field, whatever the order in which labs come. */
export async function digestOf({ read }: Question, store: MeasuredStore): Promise<string> {
  const lines: string[] = [];
  await read(store, (found) => {
    for (const one of found) lines.push(JSON.stringify(one, orderedFields));
  });
  return `${lines.length} ${createHash('sha256').update(lines.sort().join('\n')).digest('hex')}`;
}

function orderedFields(_: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function questions(labs: number, nowMs: number): readonly Question[] {
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
    async read(store, take) {
      const pages = store.buckets('all', resolution, startS(resolution, ago), nowMs, withHistograms);
      for await (const page of pages) take(page);
    },
  });
  const oneByOne = (name: string, resolution: Resolution, buckets: number): Question => ({
    name: `100 labs one by one, ${name}`,
    async read(store, take) {
      const fromS = startS(resolution, buckets - 2);
      const toS = startS(resolution, 0) + resolution.durationS;
      for (let i = 0; i < 100; i++)
        take(await store.series(labName((i * 7) % labs), resolution, fromS, toS, nowMs));
    },
  });
  const some = Array.from({ length: Math.min(1000, labs) }, (_, i) => labName((i * 7) % labs));
  return [
    everyLab('the current day, as /summary asks', day, 0, false),
    everyLab('the previous day, as /summary asks', day, 1, false),
    everyLab('the previous day, with histograms', day, 1, true),
    everyLab('the current hour', hour, 0, true),
    everyLab('the hour before', hour, 1, true),
    everyLab('3 hours before', hour, 3, true),
    everyLab('the 5 minutes before', five, 1, false),
    everyLab('30 times 5 minutes before', five, 30, false),
    oneByOne('a day of 5 minutes', five, 287),
    oneByOne('26 hours', hour, 26),
    {
      name: `latest of ${some.length} labs`,
      async read(store, take) {
        take(await store.latest(some, nowMs));
      },
    },
    { name: 'the first name', read: async (store, take) => take(await store.labs('', 1, nowMs)) },
    { name: 'the first 1,000 names', read: async (store, take) => take(await store.labs('', 1000, nowMs)) },
  ];
}
