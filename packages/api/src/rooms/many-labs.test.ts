import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, openTokens, tokenLines } from '../access/access.fixture.js';
import { documentIn, NOON_MS, startApi, yesterdayS } from '../api.fixture.js';
import { LabSeries } from '../routes/lab-buckets-route.js';
import { LabRangeSummary } from '../routes/lab-summary-route.js';
import { SeriesOfLabs } from './lab-series-route.js';
import { SummariesOfLabs } from './lab-summaries-route.js';
import { labDirectoryOf } from './labs-csv.js';

const DIRECTORY = await labDirectoryOf(
  'lab_id,name,group,temp_min,temp_max,expected_interval\nfloor/a,"Küche, links",food,20,21,\nfloor/silent,-80 freezer,food,,,\nhall,Hall,people,,,10m\n',
  'labs.csv',
);

const ROWS = [
  { lab: 'floor/a', ms: yesterdayS(1) * 1000, temp: 20, humidity: 40 },
  { lab: 'floor/a', ms: yesterdayS(1) * 1000 + 60_000, temp: 22 },
  { lab: 'floor/a', ms: yesterdayS(3) * 1000, temp: 21 },
  { lab: 'hall', ms: yesterdayS(3) * 1000, humidity: 50 },
  { lab: 'zoo', ms: yesterdayS(2) * 1000, temp: 30 },
];
const YESTERDAY = 'from=2026-09-21T00:00:00Z&to=2026-09-22T00:00:00Z';

test('series of many labs are columns over the same buckets', async (t) => {
  const { get, commit } = await startApi(t, { directories: { current: DIRECTORY } });
  await commit(ROWS);
  const path = '/lab-series?from=2026-09-21T01:00:00Z&to=2026-09-21T04:00:00Z&resolution=1h';
  const series = await documentIn(SeriesOfLabs, await get(path));
  assert.deepEqual(
    series.labs.map(({ lab_id }) => lab_id),
    ['floor/a', 'floor/silent', 'hall', 'zoo'],
  );
  assert.equal(series.resolution, '1h');
  assert.equal(series.from, '2026-09-21T01:00:00.000Z');
  assert.deepEqual(series.labs[0], {
    lab_id: 'floor/a',
    name: 'Küche, links',
    temp: { count: [2, 0, 1], avg: [21, null, 21], min: [20, null, 21], max: [22, null, 21] },
    humidity: { count: [1, 0, 0], avg: [40, null, null], min: [40, null, null], max: [40, null, null] },
  });
  const named = await documentIn(SeriesOfLabs, await get(`${path}&labs=zoo,nobody,hall`));
  assert.deepEqual(
    named.labs.map(({ lab_id, temp }) => [lab_id, temp.avg]),
    [
      ['hall', [null, null, null]],
      ['nobody', [null, null, null]],
      ['zoo', [null, 30, null]],
    ],
  );
  const csv = (await (await get(`${path}&format=csv&group=food`)).text()).split('\r\n');
  assert.equal(
    csv[0],
    'lab_id,name,start,end,temp_count,temp_avg,temp_min,temp_max,humidity_count,humidity_avg,humidity_min,humidity_max',
  );
  assert.equal(
    csv[1],
    'floor/a,"Küche, links",2026-09-21T01:00:00.000Z,2026-09-21T02:00:00.000Z,2,21,20,22,1,40,40,40',
  );
  assert.equal(csv[4]!.split(',').slice(0, 2).join(), "floor/silent,'-80 freezer");
  assert.equal(csv.length, 8);
});

test('series with shares say of each bucket what its summary says', async (t) => {
  const { get, commit } = await startApi(t, { directories: { current: DIRECTORY } });
  await commit(ROWS);
  for (const path of [`${YESTERDAY}&resolution=1h`, `${YESTERDAY}&resolution=1d&tz=Asia/Tokyo`]) {
    const query = `${path}&humidity=45..60`;
    const series = await documentIn(
      SeriesOfLabs,
      await get(`/lab-series?labs=floor/a,hall,zoo&${query}&shares=true`),
    );
    for (const { lab_id, coverage, temp, humidity } of series.labs) {
      const one = await documentIn(LabSeries, await get(`/labs/${lab_id}/buckets?${query}`));
      const byStart = new Map(one.buckets.map((bucket) => [bucket.start, bucket]));
      const buckets = series.starts.map((start) => byStart.get(start));
      assert.deepEqual(
        coverage,
        buckets.map((bucket) => bucket?.coverage),
        lab_id,
      );
      const shares = (of: 'temp' | 'humidity') => buckets.map((bucket) => bucket?.[of]?.in_range ?? null);
      assert.deepEqual(humidity.in_range, shares('humidity'), lab_id);
      assert.deepEqual(temp.in_range ?? shares('temp'), shares('temp'), lab_id);
      assert.equal(temp.in_range === undefined, !lab_id.startsWith('floor/a'), lab_id);
    }
  }
  const csv = await (
    await get(`/lab-series?${YESTERDAY}&resolution=1d&shares=true&labs=floor/a&format=csv`)
  ).text();
  assert.match(csv, /temp_max,temp_in_range,humidity_count.*humidity_in_range,coverage\r\n/);
  assert.match(csv, /,3,21,20,22,0\.66\d+,1,40,40,40,,0\.00\d+\r\n$/);
});

test('the table of a range has a row of each lab, by its own limits and interval, also of one never heard of', async (t) => {
  const { get, commit } = await startApi(t, { directories: { current: DIRECTORY } });
  await commit(ROWS);
  const table = await documentIn(SummariesOfLabs, await get(`/lab-summaries?${YESTERDAY}`));
  assert.equal(table.resolution, '1d');
  const [a, silent, hall, zoo] = table.labs;
  assert.deepEqual([a!.name, a!.group, a!.observations], ['Küche, links', 'food', 3]);
  assert.ok(Math.abs(a!.temp!.in_range! - 2 / 3) < 1e-9);
  assert.deepEqual([silent!.observations, silent!.coverage, silent!.temp], [0, 0, null]);
  assert.equal(hall!.coverage, 1 / 144);
  assert.equal(zoo!.temp!.in_range, undefined);
  assert.equal(zoo!.name, null);
  const asked = await documentIn(
    SummariesOfLabs,
    await get(`/lab-summaries?${YESTERDAY}&temp=22..&labs=floor/a`),
  );
  assert.ok(Math.abs(asked.labs[0]!.temp!.in_range! - 1 / 3) < 1e-9);
});

test('each row of the table is the summary of its lab, in every resolution', async (t) => {
  const { get, commit } = await startApi(t, { directories: { current: DIRECTORY } });
  await commit(ROWS);
  for (const query of [YESTERDAY, `${YESTERDAY}&resolution=1h`, 'from=2026-09-21T00:30:00Z', 'from=0&to=1']) {
    const table = await documentIn(SummariesOfLabs, await get(`/lab-summaries?${query}`));
    for (const lab of ['floor/a', 'hall', 'zoo']) {
      const one = await documentIn(LabRangeSummary, await get(`/labs/${lab}/summary?${query}`));
      const { name: _, group: __, ...row } = table.labs.find(({ lab_id }) => lab_id === lab)!;
      assert.deepEqual({ ...row, resolution: one.resolution }, one, `${query} ${lab}`);
    }
  }
});

test('a token sees its labs only, listed or known', async (t) => {
  const { tokens } = await openTokens(t, tokenLines({ floor: { labs: 'floor/*' } }));
  const { get, commit } = await startApi(t, { directories: { current: DIRECTORY }, tokens });
  await commit(ROWS);
  const { headers } = bearer('floor');
  const table = await documentIn(SummariesOfLabs, await get(`/lab-summaries?${YESTERDAY}`, headers));
  assert.deepEqual(
    table.labs.map(({ lab_id }) => lab_id),
    ['floor/a', 'floor/silent'],
  );
  assert.equal((await get('/lab-series?labs=hall', headers)).status, 403);
});

test('labs of many pages come once each, in their order', async (t) => {
  const { get, commit } = await startApi(t, { directories: { current: DIRECTORY } });
  const labs = Array.from({ length: 900 }, (_, i) => `n${String(i).padStart(4, '0')}`);
  await commit(labs.map((lab, i) => ({ lab, ms: NOON_MS - 1000, temp: i / 10 })));
  const rows = (await (await get('/lab-summaries?format=ndjson')).text()).trimEnd().split('\n');
  const ids = rows.map((row) => (JSON.parse(row) as { lab_id: string }).lab_id);
  assert.deepEqual(ids, [...labs, ...DIRECTORY.listed].sort());
});
