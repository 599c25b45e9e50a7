import { Batch, type Resolution, reachS } from '@humtemp/bucket-core';
import { startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { progress } from '../by-turns.js';
import { whole } from '../figures.js';
import { GRID, openRedisStore, STORE_OPTIONS } from '../redis.js';
import type { Report, Scenario } from '../scenario.js';
import { type KeyKind, kindsOfKeys } from './memory-by-kind.js';

const LABS = { normal: 200, short: 200, smoke: 5 };
const DAY_S = 86_400;
const DAY_MINUTES = 1440;
/** Minutes in a batch: as many as a bucket of the finest resolution has. */
const BATCH_MINUTES = 5;

/** What a day of observations takes in Redis. */
export const memory: Scenario = {
  name: 'memory',
  summary: 'bytes that a lab takes in Redis for a day of one observation a minute, and by what',
  async run({ size }): Promise<Report> {
    const labs = Array.from({ length: LABS[size] }, (_, i) => `lab-${String(i).padStart(5, '0')}`);
    // The next day: nothing of it expires while one looks.
    const startMs = Math.ceil(Date.now() / (DAY_S * 1000)) * DAY_S * 1000;
    // Sets of identities as the Redis of compose.yaml keeps them.
    const redis = await startRedis({ directives: { 'set-max-intset-entries': '4096' } });
    const server = new Redis(redis.url);
    try {
      const bytesBefore = await dataBytes(server);
      const failures = await commitDay(redis.url, labs, startMs);
      const bytes = (await dataBytes(server)) - bytesBefore;
      progress(`${whole(labs.length * DAY_MINUTES)} observations committed`);
      return reportOf(await kindsOfKeys(server), bytes, labs.length, failures);
    } finally {
      server.disconnect();
      await redis.close();
    }
  },
};

/** Memory in use, but for connections and scripts. */
async function dataBytes(server: Redis): Promise<number> {
  const info = await server.info('memory');
  const field = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  return field('used_memory') - field('mem_clients_normal') - field('used_memory_scripts');
}

/** Commits one observation a minute of each lab, in the order of time. @returns where not all of them are counted. */
async function commitDay(url: string, labs: readonly string[], startMs: number): Promise<string[]> {
  const store = await openRedisStore(url, '');
  try {
    for (let minute = 0; minute < DAY_MINUTES; minute += BATCH_MINUTES) {
      const batch = new Batch();
      for (const [i, lab] of labs.entries())
        for (let m = minute; m < minute + BATCH_MINUTES; m++) addMinute(batch, lab, i, startMs, m);
      await store.commit(batch, startMs + (minute + BATCH_MINUTES) * 60_000);
    }
    const failures: string[] = [];
    for (const resolution of GRID.resolutions) {
      const buckets = await store.series(
        labs[0]!,
        resolution,
        startMs / 1000,
        startMs / 1000 + DAY_S,
        startMs,
      );
      const counted = buckets.reduce((sum, { aggregate }) => sum + aggregate.observations, 0);
      if (counted !== DAY_MINUTES)
        failures.push(`${resolution.durationS} s: ${counted} of ${DAY_MINUTES} observations are counted`);
    }
    return failures;
  } finally {
    await store.close();
  }
}

/** As rooms of a library were: 1.3 °C and 1.3 %RH from lowest to highest in a day, about 0.2 °C and 0.3 %RH in an hour. */
function addMinute(batch: Batch, lab: string, i: number, startMs: number, minute: number): void {
  const ms = startMs + minute * 60_000 + i;
  const swing = Math.sin((minute / DAY_MINUTES) * 2 * Math.PI + i);
  const noise = ((minute * 7919 + i * 7907) % 101) - 50;
  const temp = 20_000 + (i % 40) * 100 + Math.round(600 * swing) + noise;
  const humidity = 50_000 - (i % 30) * 300 + Math.round(550 * swing) - 2 * noise;
  batch.add(lab, ms, 0, temp, humidity);
}

/** For how many times the measured day each kind of keys is kept. */
function daysKept({ holds, durationS }: KeyKind): number {
  if (holds === 'identities') return STORE_OPTIONS.deduplicationHorizonS / DAY_S;
  const resolution = GRID.resolutions.find((one: Resolution) => one.durationS === durationS);
  return resolution === undefined ? 1 : reachS(resolution) / DAY_S;
}

function reportOf(kinds: readonly KeyKind[], bytes: number, labs: number, failures: string[]): Report {
  const sum = (of: (kind: KeyKind) => number) => kinds.reduce((total, kind) => total + of(kind), 0);
  const besidesKeys = bytes - sum((kind) => kind.bytes);
  const keysKept = sum((kind) => kind.keys * daysKept(kind));
  const besidesKept = (besidesKeys / sum(({ keys }) => keys)) * keysKept;
  const perLab = (total: number) => whole(total / labs);
  const rows = kinds.map((kind) => [
    kind.name,
    (kind.keys / labs).toFixed(1),
    whole(kind.bytes / kind.keys),
    perLab(kind.bytes),
    kind.histogramBytes > 0 ? perLab(kind.histogramBytes) : '–',
    perLab(kind.bytes * daysKept(kind)),
  ]);
  const keptBytes = sum((kind) => kind.bytes * daysKept(kind)) + besidesKept;
  return {
    title: `memory: ${whole(labs)} labs, one observation a minute for a day, default resolutions; bytes by MEMORY USAGE`,
    columns: [
      'what',
      'keys of a lab and day',
      'bytes of a key',
      'bytes of a lab and day',
      'of them histograms',
      'bytes of a lab once all are kept that are',
    ],
    rows: [
      ...rows,
      ['tables of keys and expiries', '–', '–', perLab(besidesKeys), '–', perLab(besidesKept)],
      [
        'all, by INFO',
        (sum(({ keys }) => keys) / labs).toFixed(1),
        '–',
        perLab(bytes),
        perLab(sum((kind) => kind.histogramBytes)),
        perLab(keptBytes),
      ],
    ],
    notes: [`${(bytes / labs / DAY_MINUTES).toFixed(1)} bytes for each observation of the day.`],
    failures,
    figures: { labs, bytes, bytesPerLab: bytes / labs, keptBytesPerLab: keptBytes / labs, kinds },
  };
}
