import { Batch } from '@humtemp/bucket-core';
import { startRedis } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { progress } from '../by-turns.js';
import { whole } from '../figures.js';
import { LAYOUTS, type Layout } from '../layouts/layouts.js';
import { GRID } from '../redis.js';
import type { Report, Scenario } from '../scenario.js';
import { type KeyKind, kindsOfKeys } from './memory-by-kind.js';
import { SENDINGS, type Sending } from './rooms.js';

interface MemorySize {
  readonly labs: number;
  /** The first is a lab's first day; after the last everything is there that is kept. */
  readonly days: readonly number[];
  readonly sendings: number;
}

const SIZES: Readonly<Record<'normal' | 'short' | 'smoke', MemorySize>> = {
  normal: { labs: 100, days: [1, 8], sendings: SENDINGS.length },
  short: { labs: 100, days: [1, 8], sendings: 1 },
  smoke: { labs: 30, days: [1], sendings: 1 },
};
const DAY_MINUTES = 1440;
const BATCH_MINUTES = 10;

/** What labs take in one layout. */
interface Taken {
  readonly bytesPerLab: number;
  readonly keysPerLab: number;
  readonly kinds: readonly KeyKind[];
  readonly rssPerUsed: number;
}

/** What labs take in Redis, in humtemp's layout and in the one before. */
export const memory: Scenario = {
  name: 'memory',
  summary: 'bytes that a lab takes in Redis after its first day and once all is there, and by what',
  async run({ size }): Promise<Report> {
    const { labs, days, sendings } = SIZES[size];
    const rows: string[][] = [];
    const notes: string[] = [];
    const failures: string[] = [];
    const figures: object[] = [];
    for (const sending of SENDINGS.slice(0, sendings))
      for (const some of days) {
        const taken: Taken[] = [];
        for (const layout of LAYOUTS) {
          const one = await takenBy(layout, sending, labs, some, failures);
          progress(`${sending.name}, ${some} days, ${layout.name}: ${whole(one.bytesPerLab)} bytes of a lab`);
          taken.push(one);
          figures.push({ sending: sending.name, days: some, layout: layout.name, labs, ...one });
          if (sending === SENDINGS[0])
            notes.push(
              `${layout.name}, ${some} day${some === 1 ? '' : 's'}: ${one.kinds.map((kind) => describe(kind, labs)).join('; ')}.`,
            );
        }
        const [before, now] = taken as [Taken, Taken];
        rows.push([
          sending.name,
          `${some}`,
          whole(before.bytesPerLab),
          whole(now.bytesPerLab),
          (before.bytesPerLab / now.bytesPerLab).toFixed(1),
          `${before.keysPerLab.toFixed(1)} · ${now.keysPerLab.toFixed(1)}`,
          `${before.rssPerUsed.toFixed(2)} · ${now.rssPerUsed.toFixed(2)}`,
        ]);
      }
    return {
      title: `memory: ${whole(labs)} labs in Redis, default resolutions; bytes by INFO, without connections and scripts`,
      columns: [
        'what a lab sends',
        'days up to now',
        'bytes of a lab before',
        "humtemp's",
        'times less',
        'keys of a lab, before · now',
        'resident bytes of a used one, before · now',
      ],
      rows,
      notes,
      failures,
      figures,
    };
  },
};

function describe({ name, keys, bytes }: KeyKind, labs: number): string {
  return `${name} ${whole(bytes / labs)} bytes in ${(keys / labs).toFixed(1)} keys`;
}

async function takenBy(
  layout: Layout,
  sending: Sending,
  labs: number,
  days: number,
  failures: string[],
): Promise<Taken> {
  // Sets of identities, which the layout before has, as its settings had them; sorted sets as they are with many labs.
  const directives = { 'set-max-intset-entries': '4096', 'zset-max-ziplist-entries': '0' };
  const redis = await startRedis({ directives });
  const server = new Redis(redis.url);
  try {
    await warmUp(layout, redis.url);
    await server.flushall();
    const store = await layout.open(redis.url);
    const bytesBefore = await dataBytes(server);
    const names = Array.from({ length: labs }, (_, i) => `lab-${String(i).padStart(5, '0')}`);
    const minutes = days * DAY_MINUTES;
    const startMs = Math.floor(Date.now() / 60_000) * 60_000 - minutes * 60_000 - 5000;
    let sent = 0;
    for (let minute = 0; minute < minutes; minute += BATCH_MINUTES) {
      const batch = new Batch();
      for (const [i, lab] of names.entries())
        for (let m = minute; m < minute + BATCH_MINUTES; m++)
          sending.add(batch, lab, i, m, startMs + m * 60_000);
      sent += batch.observations;
      const { committed } = await store.commit(batch, startMs + (minute + BATCH_MINUTES) * 60_000);
      if (committed !== batch.observations)
        failures.push(`${layout.name}: ${committed} of ${batch.observations} are committed`);
      await store.whenFolded();
    }
    await checkNewest(layout, store, names[0]!, sent / labs / days, failures);
    // What has expired goes when it is looked for.
    for (let i = 0; i < 20; i++) await server.dbsize();
    const bytes = (await dataBytes(server)) - bytesBefore;
    const kinds = await kindsOfKeys(server, (key) => layout.kindOf(key));
    const info = await server.info('memory');
    await store.close();
    return {
      bytesPerLab: bytes / labs,
      keysPerLab: kinds.reduce((sum, { keys }) => sum + keys, 0) / labs,
      kinds,
      rssPerUsed: field(info, 'used_memory_rss') / field(info, 'used_memory'),
    };
  } finally {
    server.disconnect();
    await redis.close();
  }
}

/** Scripts, connections and tables are there before anything is measured. */
async function warmUp(layout: Layout, url: string): Promise<void> {
  const store = await layout.open(url);
  const batch = new Batch();
  SENDINGS[0]!.add(batch, 'lab', 0, 0, Date.now());
  await store.commit(batch, Date.now());
  await store.close();
}

/** The hours of the newest day must hold what was sent in it. */
async function checkNewest(
  { name }: Layout,
  store: Awaited<ReturnType<Layout['open']>>,
  lab: string,
  perDay: number,
  failures: string[],
): Promise<void> {
  const hours = GRID.resolutions.find(({ durationS }) => durationS === 3600)!;
  const nowS = Math.floor(Date.now() / 3_600_000) * 3600;
  const buckets = await store.series(lab, hours, nowS - 23 * 3600, nowS, Date.now());
  const counted = buckets.reduce((sum, { aggregate }) => sum + aggregate.observations, 0);
  const expected = (perDay / 24) * buckets.length;
  if (Math.abs(counted - expected) > expected / 10)
    failures.push(`${name}: ${buckets.length} hours hold ${counted} observations, not about ${expected}`);
}

/** Memory in use, but for connections and scripts. */
async function dataBytes(server: Redis): Promise<number> {
  const info = await server.info('memory');
  return field(info, 'used_memory') - field(info, 'mem_clients_normal') - field(info, 'used_memory_scripts');
}

function field(info: string, name: string): number {
  return Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}
