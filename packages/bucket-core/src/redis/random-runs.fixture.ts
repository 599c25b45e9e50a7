import assert from 'node:assert/strict';
import { Redis } from 'ioredis';
import {
  ABSENT,
  type Aggregate,
  addObservation,
  Batch,
  type BucketGrid,
  bucketExpiryS,
  bucketGrid,
  bucketStartS,
  CommitError,
  type CommitResult,
  emptyAggregate,
  emptyCommitResult,
  keepsHistograms,
  longestLivedResolution,
  oldestLiveMs,
  parseRollups,
  RECEIPT_TAG_MIN,
  type Resolution,
  ROW_LENGTH,
} from '../index.js';
import { Keys } from './keys.js';
import { ready } from './ready.fixture.js';
import { RedisStore } from './redis-store.js';

/** What happened in runs, for whoever looks whether they were hard enough. */
export interface Totals {
  runs: number;
  committed: number;
  duplicates: number;
  lost: number;
  doubled: number;
}

export const newTotals = (): Totals => ({ runs: 0, committed: 0, duplicates: 0, lost: 0, doubled: 0 });

const DAY_MS = 86_400_000;

/** Whole numbers below `n`, the same for the same seed. */
export function randomFrom(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

/** One store of a run; its connection loses requests and answers, and some requests arrive once more much later. */
interface Writer {
  readonly store: RedisStore;
  readonly name: string;
  counted: { committed: number; duplicate: number };
}

/** Everything that was ever counted, as plain observations by lab and identity. */
type Model = Map<string, Map<string, readonly number[]>>;

/**
 * Random grids, limits of folding, horizons and numbers of writers; late rows, repeats, sensors, missing metrics; lost
 * requests and answers, requests that are executed once more later: all that the store says is compared with plain
 * observations, now and then and at the end.
 */
export async function randomRun(url: string, seed: number, totals: Totals): Promise<void> {
  const random = randomFrom(seed);
  const pick = <T>(choices: readonly T[]): T => choices[random(choices.length)]!;
  const chance = (percent: number) => random(100) < percent;
  const admin = new Redis(url);
  await admin.flushall();
  const grid = bucketGrid(
    pick([0, 0, 1234]),
    { durationS: pick([86_400, 7200]), retention: 2 + random(2) },
    parseRollups(pick(['5m:1d,1h:7d', '5m:1d,1h:7d', '1m:2h,5m:1d,1h:7d', '', '15m:4d'])),
  );
  const deduplicationHorizonS = pick([172_800, 172_800, 3600, 86_400]);
  const disturbs = chance(50);
  const options = {
    grid,
    deduplicationHorizonS,
    labsMax: 1000,
    rejectionsMax: 10,
    url,
    prefix: 'run:',
    replyTimeoutMs: 5000,
    foldLimits: {
      foldRows: pick([1, 4, 16]),
      keptS: pick([1, 90, 3600]),
      keptMin: pick([1, 2, 8]),
      keptMax: pick([8, 16, 64]),
    },
    rawSpanS: pick([900, 7200, 21_600]),
  };
  const writers: Writer[] = [];
  for (let i = 0; i <= random(4); i++) {
    const name = `writer-${i}`;
    const store = new RedisStore({ ...options, process: name });
    await ready(store);
    if (disturbs) disturb(store, random, totals);
    writers.push({ store, name, counted: { committed: 0, duplicate: 0 } });
  }
  try {
    const labs = 1 + random(5);
    const model: Model = new Map();
    const sent: { lab: string; row: readonly [number, number, number, number] }[] = [];
    const tags = [0, 0, 123, 2 ** 38 + 7];
    const stepMs = pick([60_000, 600_000, 3_600_000]);
    // Ahead of the server's clock, so that it removes nothing by itself.
    let nowMs = (Math.ceil(Date.now() / DAY_MS) + 1) * DAY_MS;
    let receipts = 0;
    const steps = 15 + random(40);
    for (let step = 0; step < steps; step++) {
      nowMs += random(2 * stepMs);
      const jobs = writers.map(async (writer) => {
        const batch = new Batch();
        for (let i = 0; i < labs; i++)
          for (let n = chance(30) ? 0 : chance(80) ? 1 + random(3) : 1 + random(60); n > 0; n--) {
            const old = sent[sent.length - 1 - random(Math.min(sent.length, 400))];
            const isRemembered = (ms: number) => ms > nowMs - deduplicationHorizonS * 1000 + 7_200_000;
            let one = chance(15) && old !== undefined && isRemembered(old.row[0]) ? old : undefined;
            if (one === undefined) {
              const kind = random(100);
              const agoMs =
                kind < 20
                  ? random(2 * DAY_MS)
                  : kind < 25
                    ? random(8 * DAY_MS)
                    : random(stepMs) - (kind > 94 ? random(60_000) : 0);
              const ms = chance(50) ? Math.floor((nowMs - agoMs) / 1000) * 1000 : nowMs - agoMs;
              const tag = chance(5) ? RECEIPT_TAG_MIN + receipts++ : pick(tags);
              const temp = chance(10) ? ABSENT : 20_000 + random(3000) - (chance(2) ? 50_000 : 0);
              const humidity = temp !== ABSENT && chance(10) ? ABSENT : 40_000 + random(5000);
              one = { lab: `lab-${i}`, row: [ms, tag, temp, humidity] };
              // A receipt is repeated with its commit only.
              if (tag < RECEIPT_TAG_MIN) sent.push(one);
            }
            batch.add(one.lab, ...one.row);
          }
        return { writer, batch, result: await committed(writer.store, batch, nowMs) };
      });
      const oldestMs = oldestLiveMs(grid, nowMs);
      let expected = 0;
      let counted = 0;
      for (const { writer, batch, result } of await Promise.all(jobs)) {
        assert.equal(result.committed + result.duplicate + result.expired, batch.observations);
        counted += result.committed;
        writer.counted.committed += result.committed;
        writer.counted.duplicate += result.duplicate;
        totals.committed += result.committed;
        totals.duplicates += result.duplicate;
        expected += remember(model, batch, oldestMs);
      }
      assert.equal(counted, expected, 'each is counted once, and only once');
      if (chance(10) || step === steps - 1) {
        if (chance(50)) await writers[0]!.store.whenFolded();
        await compare(pick(writers).store, grid, model, nowMs, random);
      }
    }
    await compareCounts(writers);
    await compareExpiry(admin, grid, model);
    totals.runs += 1;
  } finally {
    for (const { store } of writers) await store.close();
    admin.disconnect();
  }
}

/** As the commit loop does it: again until it succeeds. */
async function committed(store: RedisStore, batch: Batch, nowMs: number): Promise<CommitResult> {
  const sum = emptyCommitResult();
  const add = ({ committed, duplicate, expired }: CommitResult) => {
    sum.committed += committed;
    sum.duplicate += duplicate;
    sum.expired += expired;
  };
  let remaining = batch;
  for (let attempt = 0; !remaining.isEmpty; attempt++)
    try {
      add(await store.commit(remaining, nowMs));
      break;
    } catch (error) {
      if (!(error instanceof CommitError) || !/disturbed/.test(error.message) || attempt > 100) throw error;
      add(error.done);
      remaining = error.remaining;
    }
  return sum;
}

function disturb(store: RedisStore, random: (n: number) => number, totals: Totals): void {
  const redis = store.connections.commits as unknown as Record<
    string,
    (...given: unknown[]) => Promise<unknown>
  >;
  const later: (() => Promise<unknown>)[] = [];
  for (const name of ['humtemp_commitBuffer', 'humtemp_fold', 'mgetBuffer']) {
    const real = redis[name]!.bind(redis);
    redis[name] = async (...given) => {
      const x = random(100);
      // A request that was given up, and is executed all the same, once more and later.
      if (name === 'humtemp_commitBuffer' && x < 10) later.push(() => real(...given));
      if (later.length > 0 && random(100) < 10) {
        totals.doubled += 1;
        await later.splice(random(later.length), 1)[0]!();
      }
      if (x < 4) {
        totals.lost += 1;
        throw new Error('disturbed: not sent');
      }
      const answer = await real(...given);
      if (x < 8) {
        totals.lost += 1;
        throw new Error('disturbed: answer lost');
      }
      return answer;
    };
  }
}

function remember(model: Model, batch: Batch, oldestMs: number): number {
  let fresh = 0;
  for (const [lab, rows] of batch.rowsByLab)
    for (let i = 0; i < rows.length; i += ROW_LENGTH) {
      if (rows[i]! < oldestMs) continue;
      const row = rows.slice(i, i + ROW_LENGTH);
      const known = model.get(lab) ?? new Map<string, readonly number[]>();
      model.set(lab, known);
      if (!known.has(row.join())) fresh += 1;
      known.set(row.join(), row);
    }
  return fresh;
}

function truthOf(
  model: Model,
  grid: BucketGrid,
  resolution: Resolution,
  nowMs: number,
): Map<string, Aggregate> {
  const truth = new Map<string, Aggregate>();
  for (const [lab, known] of model)
    for (const [ms, , temp, humidity] of known.values()) {
      const startS = bucketStartS(ms!, resolution.durationS, grid.alignmentS);
      if (bucketExpiryS(startS, resolution) * 1000 <= nowMs) continue;
      const name = `${lab} ${startS}`;
      const aggregate = truth.get(name) ?? emptyAggregate(keepsHistograms(resolution.durationS));
      truth.set(name, aggregate);
      addObservation(aggregate, ms!, temp!, humidity!);
    }
  return truth;
}

const plain = (map: Iterable<readonly [string, Aggregate]>) =>
  Object.fromEntries([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

async function compare(
  store: RedisStore,
  grid: BucketGrid,
  model: Model,
  nowMs: number,
  random: (n: number) => number,
): Promise<void> {
  for (const resolution of grid.resolutions) {
    const { durationS } = resolution;
    const truth = truthOf(model, grid, resolution, nowMs);
    const got = new Map<string, Aggregate>();
    const fromS = bucketStartS(nowMs - 9 * DAY_MS, durationS, grid.alignmentS);
    const toS = Math.ceil(nowMs / 1000) + 61 + durationS;
    for (const lab of model.keys())
      for (const { startS, aggregate } of await store.series(lab, resolution, fromS, toS, nowMs))
        got.set(`${lab} ${startS}`, aggregate);
    assert.deepEqual(plain(got), plain(truth), `series of ${durationS} s`);
    const starts = [...new Set([...truth.keys()].map((name) => Number(name.split(' ')[1])))];
    starts.sort((a, b) => b - a);
    for (const startS of starts.filter((_, i) => i < 3 || random(10) === 0)) {
      const found = new Map<string, Aggregate>();
      for await (const page of store.buckets('all', resolution, startS, nowMs))
        for (const { lab, aggregate } of page) {
          assert.ok(!found.has(`${lab} ${startS}`));
          found.set(`${lab} ${startS}`, aggregate);
        }
      const expected = [...truth].filter(([name]) => name.endsWith(` ${startS}`));
      assert.deepEqual(plain(found), plain(expected), `all labs, ${durationS} s`);
    }
  }
  const longest = longestLivedResolution(grid);
  const truth = truthOf(model, grid, longest, nowMs);
  const labs = await store.labs('', 100, nowMs);
  for (const [i, latest] of (await store.latest(labs, nowMs)).entries()) {
    const newestMs = Math.max(...[...model.get(labs[i]!)!.values()].map(([ms]) => ms!));
    const startS = bucketStartS(newestMs, longest.durationS, grid.alignmentS);
    assert.deepEqual(latest, { lab: labs[i], startS, aggregate: truth.get(`${labs[i]} ${startS}`) });
  }
}

/** What the store counted for each process is what that process was told. */
async function compareCounts(writers: readonly Writer[]): Promise<void> {
  const counted = await writers[0]!.store.counted();
  for (const { name, counted: own } of writers) {
    const { committed = 0, duplicate = 0 } = counted.find(({ process }) => process === name) ?? {};
    assert.deepEqual({ committed, duplicate }, own, `counted for ${name}`);
  }
}

async function compareExpiry(admin: Redis, grid: BucketGrid, model: Model): Promise<void> {
  const keys = new Keys('run:');
  const longest = longestLivedResolution(grid);
  for (const [lab, known] of model) {
    const newestMs = Math.max(...[...known.values()].map(([ms]) => ms!));
    const startS = bucketStartS(newestMs, longest.durationS, grid.alignmentS);
    assert.equal(
      await admin.expiretime(keys.head(lab)),
      bucketExpiryS(startS, longest),
      'of its newest bucket',
    );
  }
  for (const key of await admin.keys('run:{*'))
    if (!/:(labs|names|late|layout)$/.test(key)) assert.ok((await admin.ttl(key)) > 0, `${key} expires`);
}
