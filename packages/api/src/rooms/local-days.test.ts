import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketGrid } from '@humtemp/bucket-core';
import { DAY_S, documentIn, startApi } from '../api.fixture.js';
import { BucketsOfLabs } from '../routes/buckets-route.js';
import { LabSeries } from '../routes/lab-buckets-route.js';
import { LabRangeSummary } from '../routes/lab-summary-route.js';
import { LabsSummary } from '../routes/summaries-route.js';
import { ExcursionsPage } from './excursions-route.js';
import { SeriesOfLabs } from './lab-series-route.js';
import { SummariesOfLabs } from './lab-summaries-route.js';
import { labDirectoryOf } from './labs-csv.js';

const HOUR_MS = 3_600_000;
const GRID = bucketGrid(0, { durationS: DAY_S, retention: 30 }, [
  { durationS: 3600, retention: 24 * 30 },
  { durationS: 300, retention: 288 * 7 },
]);

/** The night in which clocks are put back in Berlin and an hour comes twice: an observation in each quarter of an hour. */
async function autumnNight(t: import('node:test').TestContext) {
  const fixture = await startApi(t, {
    grid: GRID,
    expectedIntervalS: 900,
    directories: {
      current: await labDirectoryOf('lab_id,temp_min,temp_max\na,2,8\n', 'labs.csv'),
    },
  });
  const fromMs = Date.parse('2026-10-23T00:00:00Z');
  fixture.clock.nowMs = Date.parse('2026-10-27T12:00:00Z');
  const rows = Array.from({ length: 4 * 24 * 4 }, (_, i) => ({
    lab: 'a',
    ms: fromMs + i * 900_000,
    temp: (i % 400) / 50,
  }));
  for (let i = 0; i < rows.length; i += 200) await fixture.commit(rows.slice(i, i + 200));
  return { ...fixture, rows };
}

/** By another way: of each observation the date that a clock on the wall shows. */
function countsByDate(rows: readonly { readonly ms: number }[], timeZone: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { ms } of rows) {
    const date = new Date(ms).toLocaleDateString('sv-SE', { timeZone });
    counts.set(date, (counts.get(date) ?? 0) + 1);
  }
  return counts;
}

test('days of a time zone hold what was measured on them, with 25 hours where clocks are put back', async (t) => {
  const { get, rows } = await autumnNight(t);
  for (const [zone, hours] of [
    ['Europe/Berlin', [24, 25, 24]],
    ['Asia/Kathmandu', [24, 24, 24]],
    ['Australia/Lord_Howe', [24, 24, 24]],
    ['UTC', [24, 24, 24]],
  ] as const) {
    const path = `from=2026-10-24&to=2026-10-27&tz=${zone}`;
    const series = await documentIn(LabSeries, await get(`/labs/a/buckets?${path}`));
    const expected = countsByDate(rows, zone);
    assert.equal(series.resolution, '1d');
    for (const [i, bucket] of series.buckets.entries()) {
      const date = ['2026-10-24', '2026-10-25', '2026-10-26'][i]!;
      assert.equal(bucket.observations, expected.get(date) ?? 0, `${zone} ${date}`);
      assert.equal(
        (Date.parse(bucket.end) - Date.parse(bucket.start)) / HOUR_MS,
        hours[i],
        `${zone} ${date}`,
      );
    }
    assert.ok(Math.abs(series.buckets[1]!.coverage! - 1) < 0.02);
    const many = await documentIn(SeriesOfLabs, await get(`/lab-series?labs=a&${path}`));
    assert.deepEqual(
      many.labs[0]!.temp.count,
      series.buckets.map(({ observations }) => observations),
    );
    const one = await documentIn(LabRangeSummary, await get(`/labs/a/summary?${path}`));
    const table = await documentIn(SummariesOfLabs, await get(`/lab-summaries?labs=a&${path}`));
    const all = await documentIn(LabsSummary, await get(`/summaries?${path}`));
    for (const summary of [one, table.labs[0]!, all])
      assert.equal(
        summary.observations,
        series.buckets.reduce((sum, { observations }) => sum + observations, 0),
      );
    assert.equal(one.start, series.from);
    const { excursions } = await documentIn(ExcursionsPage, await get(`/excursions?temp=..0&${path}`));
    assert.deepEqual(
      excursions.map(({ start, end, observations }) => [start, end, observations]),
      [[series.from, series.to, one.temp!.count]],
      'days beyond a limit are one run, however long they are',
    );
    for (const [query, bucket] of [
      ['start=2026-10-25', series.buckets[1]],
      ['start=2026-10-25T12:00:00Z&resolution=1d', series.buckets[1]],
      ['offset=-1', series.buckets[2]],
    ] as const) {
      const day = await documentIn(BucketsOfLabs, await get(`/buckets?${query}&tz=${zone}`));
      assert.deepEqual([day.start, day.end], [bucket!.start, bucket!.end], `${zone} ${query}`);
      const { lab_id, ...row } = day.buckets[0]!;
      assert.deepEqual(
        [lab_id, row.observations, row.coverage],
        ['a', bucket!.observations, bucket!.coverage],
      );
    }
  }
  const none = await documentIn(BucketsOfLabs, await get('/buckets?start=2026-01-01&tz=Europe/Berlin'));
  assert.deepEqual([none.start, none.buckets], ['2025-12-31T23:00:00.000Z', []]);
  for (const bad of [
    'offset=1',
    'start=2026-10-28',
    'resolution=1h',
    'offset=-999999999',
    'start=2026-10-25&offset=-1',
  ])
    assert.equal((await get(`/buckets?tz=Europe/Berlin&${bad}`)).status, 400, bad);
});

test('an average over time and the kinetic mean come with a range where they are asked for', async (t) => {
  const { get, rows } = await autumnNight(t);
  const path = '/labs/a/summary?from=2026-10-25&to=2026-10-26';
  const plain = await documentIn(LabRangeSummary, await get(path));
  assert.equal(plain.time_weighted, undefined);
  const { value, error } = plain.mean_kinetic_temp!;
  assert.ok(value > plain.temp!.avg && error <= 0.06, `${value} ± ${error}`);
  const { time_weighted } = await documentIn(LabRangeSummary, await get(`${path}&time_weighted=true`));
  // A quarter of an hour each: as the arithmetic one.
  const day = rows.filter(({ ms }) => new Date(ms).toISOString().startsWith('2026-10-25'));
  const mean = day.reduce((sum, { temp }) => sum + temp, 0) / day.length;
  assert.ok(Math.abs(time_weighted!.temp!.avg - mean) <= time_weighted!.temp!.error + 1e-6);
  assert.deepEqual([time_weighted!.temp!.covered, time_weighted!.humidity], [1, null]);
  const colder = await documentIn(LabRangeSummary, await get(`${path}&activation_energy=20`));
  assert.ok(colder.mean_kinetic_temp!.value < value);
  for (const bad of ['activation_energy=0', 'time_weighted=perhaps', 'hold=0', 'tz=UTC&resolution=1d'])
    assert.equal((await get(`${path}&${bad}`)).status, 400, bad);
});

test('excursions are runs beyond the limits of the labs file, or of the query', async (t) => {
  const { get } = await autumnNight(t);
  const path = '/excursions?from=2026-10-24&to=2026-10-26&resolution=1h';
  const page = await documentIn(ExcursionsPage, await get(path));
  const sides = page.excursions.map(({ side, peak }) => [side, peak]);
  // It rises from 0 to 8 °C within a hundred hours.
  assert.deepEqual(sides, [['below', 1.92]]);
  const asked = await documentIn(ExcursionsPage, await get(`${path}&temp=2..3`));
  const above = asked.excursions.filter(({ side }) => side === 'above');
  assert.deepEqual(
    above.map(({ lab_id, side, limit, start, end, ongoing }) => [lab_id, side, limit, start, end, ongoing]),
    [['a', 'above', 3, '2026-10-24T13:00:00.000Z', '2026-10-26T00:00:00.000Z', false]],
  );
  assert.equal(above[0]!.peak, 5.74);
  assert.ok(above[0]!.share! > 0.97);
  const csv = (await (await get(`${path}&temp=2..3&format=csv`)).text()).split('\r\n');
  assert.equal(csv[0], 'lab_id,name,metric,side,limit,start,end,ongoing,peak,observations,share');
  assert.match(csv[2]!, /^a,,temp,above,3,2026-10-24T13:00:00\.000Z,/);
});
