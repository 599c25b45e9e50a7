import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type BucketGrid, bucketGrid } from '@humtemp/bucket-core';
import fc from 'fast-check';
import { DAY_S, documentIn, type Fixture, NOON_MS, type Row, startApi } from '../api.fixture.js';
import type { IntervalSummary } from '../summary/interval-summary.js';
import { LabRangeSummary } from './lab-summary-route.js';
import { LabsSummary } from './summaries-route.js';

const HOUR_MS = 3_600_000;
const MIDNIGHT_MS = NOON_MS - 12 * HOUR_MS;

/** What a summary of these observations says, computed from the values as they are. */
function expectedOf(rows: readonly Row[], name: 'temp' | 'humidity', limits?: readonly [number, number]) {
  const values = rows.flatMap((row) => (row[name] === undefined ? [] : [Math.round(row[name] * 1000)]));
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const n = values.length;
  const sum = values.reduce((a, b) => a + b, 0);
  const mean = sum / n;
  const rank = (q: number) => values[Math.max(1, Math.ceil(q * n)) - 1]! / 1000;
  return {
    count: n,
    avg: sum / (n * 1000),
    min: values[0]! / 1000,
    max: values.at(-1)! / 1000,
    stddev: Math.sqrt(values.reduce((a, v) => a + (v - mean) ** 2, 0) / n) / 1000,
    ranks: [rank(0.05), rank(0.5), rank(0.95)] as const,
    share: limits && values.filter((v) => v >= limits[0] * 1000 && v <= limits[1] * 1000).length / n,
    /** Of the values in the bins that the limits cut. */
    cut: (bin: number) =>
      values.filter((v) => limits?.some((limit) => Math.floor(v / bin) === Math.floor((limit * 1000) / bin)))
        .length / n,
  };
}

function assertSummary(actual: IntervalSummary, rows: readonly Row[], histograms: boolean): void {
  assert.equal(actual.observations, rows.length);
  const times = rows.map((row) => row.ms).sort((a, b) => a - b);
  assert.equal(actual.first, rows.length === 0 ? null : new Date(times[0]!).toISOString());
  assert.equal(actual.last, rows.length === 0 ? null : new Date(times.at(-1)!).toISOString());
  for (const [name, bin, limits] of [
    ['temp', 0.1, [20, 24.5]],
    ['humidity', 0.5, [40, 60.5]],
  ] as const) {
    const expected = expectedOf(rows, name, limits);
    const metric = actual[name];
    if (expected === null || metric === null) {
      assert.equal(metric, expected);
      continue;
    }
    const { count, avg, min, max, stddev, p05, p50, p95, in_range } = metric;
    assert.deepEqual([count, avg, min, max], [expected.count, expected.avg, expected.min, expected.max]);
    assert.ok(
      Math.abs(stddev - expected.stddev) <= 1e-9 * (1 + expected.stddev),
      `${stddev} ${expected.stddev}`,
    );
    [p05, p50, p95].forEach((percentile, i) => {
      if (!histograms) assert.equal(percentile, null);
      else
        assert.ok(
          Math.abs(percentile! - expected.ranks[i]!) <= bin + 1e-9,
          `${percentile} ${expected.ranks}`,
        );
    });
    const isCertain = in_range === 0 || in_range === 1;
    if (!histograms) assert.ok(in_range === null || isCertain, `${in_range}`);
    const errorMax = expected.cut(bin * 1000) + 1e-12;
    if (in_range !== null && in_range !== undefined)
      assert.ok(Math.abs(in_range - expected.share!) <= errorMax, `${in_range} ${expected.share}`);
  }
}

const LIMITS = 'temp=20..24.5&humidity=40..60.5';

const row = (lab: string) =>
  fc.record(
    {
      lab: fc.constant(lab),
      ms: fc.integer({ min: MIDNIGHT_MS - 20 * HOUR_MS, max: NOON_MS - 1 }),
      temp: fc.integer({ min: -100_000, max: 200_000 }).map((value) => value / 1000),
      humidity: fc.integer({ min: 0, max: 100_000 }).map((value) => value / 1000),
    },
    { requiredKeys: ['lab', 'ms', 'temp'] },
  );

test('however observations are split into batches, ordered and bucketed, their summary is the same', async (t) => {
  const grid: BucketGrid = bucketGrid(0, { durationS: DAY_S, retention: 2 }, [
    { durationS: 3600, retention: 168 },
    { durationS: 300, retention: 2016 },
  ]);
  const { get, commit } = await startApi(t, { grid });
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(row(''), { minLength: 1, maxLength: 40, selector: ({ ms }) => ms }),
      fc.integer({ min: 1, max: 10 }),
      async (rows, batches) => {
        const lab = `lab-${run++}`;
        const mine = rows.map((row) => ({ ...row, lab }));
        for (let i = 0; i < batches; i++) await commit(mine.filter((_, j) => j % batches === i));
        const from = '2026-09-21T00:00:00Z';
        for (const [resolution, to] of [
          ['1d', '2026-09-23T00:00:00Z'],
          ['1h', '2026-09-22T12:00:00Z'],
          ['5m', '2026-09-22T12:00:00Z'],
        ]) {
          const path = `from=${from}&to=${to}&resolution=${resolution}&${LIMITS}`;
          const one = await documentIn(LabRangeSummary, await get(`/labs/${lab}/summary?${path}`));
          assertSummary(one, mine, resolution !== '5m');
          assert.deepEqual([one.lab_id, one.resolution], [lab, resolution]);
          const many = await documentIn(LabsSummary, await get(`/summaries?labs=${lab}&${path}`));
          const { observations, first, last, temp, humidity, coverage } = many;
          assert.deepEqual(
            { observations, first, last, temp, humidity, coverage },
            {
              observations: one.observations,
              first: one.first,
              last: one.last,
              temp: one.temp,
              humidity: one.humidity,
              coverage: one.coverage,
            },
          );
        }
      },
    ),
    { numRuns: 30 },
  );
});

async function threeLabs({ commit }: Fixture): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [i, lab] of ['floor-1/a', 'floor-1/b', 'floor-2/a'].entries())
    for (let hour = 1; hour <= 3 - i; hour++)
      rows.push({ lab, ms: MIDNIGHT_MS + hour * HOUR_MS, temp: 20 + i + hour / 10, humidity: 40 + 5 * hour });
  await commit(rows);
  return rows;
}

test('a summary of labs is of those named, or with the prefix, or all', async (t) => {
  const fixture = await startApi(t);
  const rows = await threeLabs(fixture);
  const range = `from=2026-09-22T00:00:00Z&to=2026-09-22T12:00:00Z&${LIMITS}`;
  const cases: [query: string, labs: number, withObservations: number, of: (lab: string) => boolean][] = [
    ['', 3, 3, () => true],
    ['prefix=floor-1/&', 2, 2, (lab) => lab.startsWith('floor-1/')],
    ['prefix=floor-1/a&', 1, 1, (lab) => lab === 'floor-1/a'],
    ['prefix=g&', 0, 0, () => false],
    ['labs=floor-2/a,floor-1/a,floor-2/a&', 2, 2, (lab) => lab.endsWith('/a')],
    ['labs=nobody&', 0, 0, () => false],
  ];
  for (const [query, labs, withObservations, isOf] of cases) {
    const summary = await documentIn(LabsSummary, await fixture.get(`/summaries?${query}${range}`));
    assert.deepEqual([summary.labs, summary.labs_with_observations], [labs, withObservations], query);
    assert.equal(summary.start, '2026-09-22T00:00:00.000Z');
    assert.equal(summary.end, '2026-09-22T12:00:00.000Z');
    assertSummary(
      summary,
      rows.filter((row) => isOf(row.lab)),
      true,
    );
  }
  const named = await documentIn(LabsSummary, await fixture.get(`/summaries?labs=nobody,floor-1/a&${range}`));
  assert.deepEqual(named.unknown, ['nobody']);
  assert.equal((await fixture.get('/summaries?labs=a&prefix=b')).status, 400);
});

test('the coverage of labs is the mean of theirs, so that a busy one does not hide a silent one', async (t) => {
  const { get, commit } = await startApi(t, { expectedIntervalS: 600 });
  const hour = Array.from({ length: 6 }, (_, i) => NOON_MS - HOUR_MS + i * 600_000);
  const busy = hour.flatMap((ms) => [0, 1, 2].map((second) => ({ lab: 'busy', ms: ms + second, temp: 20 })));
  await commit([
    ...busy,
    ...hour.slice(0, 3).map((ms) => ({ lab: 'half', ms, temp: 20 })),
    { lab: 'silent', ms: NOON_MS - 5 * HOUR_MS, temp: 20 },
  ]);
  const range = 'from=2026-09-22T11:00:00Z&to=2026-09-22T12:00:00Z';
  const summary = await documentIn(LabsSummary, await get(`/summaries?${range}`));
  assert.equal(summary.coverage, (1 + 0.5 + 0) / 3);
  assert.deepEqual([summary.labs, summary.labs_with_observations], [3, 2]);
});

test('more buckets than can be merged at once are a 400 problem', async (t) => {
  const grid = bucketGrid(0, { durationS: 60, retention: 60_000 }, []);
  const { get, commit } = await startApi(t, { grid });
  await commit(['a', 'b'].map((lab) => ({ lab, ms: NOON_MS, temp: 20 })));
  assert.equal((await get('/summaries?from=0&labs=a,b')).status, 400);
  assert.equal((await get('/summaries?from=0')).status, 400);
  assert.equal((await get('/summaries?from=0&labs=a')).status, 200);
  assert.equal((await get('/labs/a/summary?from=0')).status, 200);
  const tooMany = Array.from({ length: 1001 }, (_, i) => `lab${i}`).join();
  assert.equal((await get(`/summaries?labs=${tooMany}`)).status, 400);
});

test('a summary of all labs is that of every lab named', async (t) => {
  const fixture = await startApi(t);
  await threeLabs(fixture);
  for (const range of ['resolution=1d', 'resolution=1d&from=2026-09-21T00:00:00Z', 'resolution=1h', LIMITS]) {
    const path = `/summaries?${range}`;
    const all = await documentIn(LabsSummary, await fixture.get(path));
    const named = await fixture.get(`${path}&labs=floor-1/a,floor-1/b,floor-2/a`);
    assert.ok(all.observations > 0);
    assert.deepEqual(all, await documentIn(LabsSummary, named), range);
  }
});
