import assert from 'node:assert/strict';
import fc from 'fast-check';
import { addObservation, Batch, type BucketStore, bucketStartS, emptyAggregate } from '../index.js';
import { batchOf, CONTRACT_GRID, HOUR_S, type Row } from './store-contract.fixture.js';

/** What happens between two pages of a reading: every `every`-th lab has an observation more, and so have some new labs. */
export interface Meanwhile {
  readonly every: number;
  readonly newLabs: number;
  /** How far the clock moves on: what has expired by then is removed. */
  readonly laterMs: number;
  /** Whether the reading goes on only when it is committed. */
  readonly waits: boolean;
}

export const meanwhileArbitrary: fc.Arbitrary<Meanwhile[]> = fc.array(
  fc.record({
    every: fc.integer({ min: 1, max: 20 }),
    newLabs: fc.integer({ min: 0, max: 300 }),
    laterMs: fc.constantFrom(0, 61_000, 2 * HOUR_S * 1000),
    waits: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

/** Pages that may be read ahead. */
const PAGES_AHEAD_MAX = 8;
/** More pages than that. */
const OLD_LABS = 3000;

/** Reads all labs of a bucket, and then all names, while something happens between the pages. */
export async function readMeanwhile(
  store: BucketStore,
  startMs: number,
  whileBuckets: readonly Meanwhile[],
  whileNames: readonly Meanwhile[],
): Promise<void> {
  const resolution = CONTRACT_GRID.resolutions[2]!;
  const startS = bucketStartS(startMs, resolution.durationS, CONTRACT_GRID.alignmentS);
  const sent = new Map<string, number>();
  const committed = new Map<string, number>();
  const commits: Promise<void>[] = [];
  let nowMs = startMs;
  let newLabs = 0;

  /** Each lab's n-th observation follows from n, so that a bucket says by its count what must be in it. */
  const observation = (n: number) => [startS * 1000 + n, 20_000 + 7 * n, 50_000 - 3 * n] as const;
  const commitNext = async (labs: readonly string[]) => {
    const batch = new Batch();
    for (const lab of labs) {
      const n = sent.get(lab) ?? 0;
      sent.set(lab, n + 1);
      const [timestampMs, temp, humidity] = observation(n);
      batch.add(lab, timestampMs, 0, temp, humidity);
    }
    const counts = labs.map((lab) => sent.get(lab)!);
    await store.commit(batch, nowMs);
    for (const [i, lab] of labs.entries()) committed.set(lab, Math.max(committed.get(lab) ?? 0, counts[i]!));
  };
  const oldLabs = Array.from({ length: OLD_LABS }, (_, i) => `${'zmb'[i % 3]}/${i}`);
  const happens = async (meanwhile: Meanwhile | undefined) => {
    if (meanwhile === undefined) return;
    nowMs += meanwhile.laterMs;
    const labs = oldLabs.filter((_, i) => i % meanwhile.every === 0);
    for (let i = 0; i < meanwhile.newLabs; i++) labs.push(`${'nza'[i % 3]}/new/${newLabs++}`);
    const commit = commitNext(labs);
    commits.push(commit);
    if (meanwhile.waits) await commit;
  };

  // Labs that are soon forgotten, and others of which some have a bucket before, too.
  await store.commit(
    batchOf(
      [1, 2, 3].map((i): Row => [`gone${i}`, 47 * HOUR_S, 0, 0]),
      nowMs,
    ),
    nowMs,
  );
  await commitNext(oldLabs.slice(0, 2 * (OLD_LABS / 3)));
  await commitNext(oldLabs.slice(OLD_LABS / 3));

  const seen = new Set<string>();
  const during = [...whileBuckets];
  // When each page was asked for, at the latest.
  const asked = [new Map(committed)];
  for await (const page of store.buckets('all', resolution, startS, startMs)) {
    const before = asked[Math.max(0, asked.length - 1 - PAGES_AHEAD_MAX)]!;
    for (const { lab, aggregate } of page) {
      assert.ok(!seen.has(lab), `${lab} is shown twice`);
      seen.add(lab);
      const expected = emptyAggregate(true);
      for (let n = 0; n < aggregate.observations; n++) addObservation(expected, ...observation(n));
      assert.deepEqual(aggregate, expected, `${lab} is torn`);
      assert.ok(aggregate.observations >= (before.get(lab) ?? 0), `${lab} lacks what was committed`);
      assert.ok(aggregate.observations <= sent.get(lab)!);
    }
    const read = structuredClone(page);
    await happens(during.shift());
    assert.deepEqual(page, read, 'what was read goes on changing');
    asked.push(new Map(committed));
  }
  for (const lab of oldLabs) assert.ok(seen.has(lab), `${lab} is not shown`);

  const known = [...committed.keys()];
  const names: string[] = [];
  const duringNames = [...whileNames];
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: readonly string[] = await store.labs(after, 200, startMs);
    names.push(...page);
    after = page.length < 200 ? undefined : page.at(-1);
    await happens(duringNames.shift());
  }
  assert.deepEqual(names, [...new Set(names)].sort());
  const listed = new Set(names);
  for (const lab of known) assert.ok(listed.has(lab), `${lab} is not listed`);
  await Promise.all(commits);
}
