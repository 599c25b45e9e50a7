import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketGrid } from '@humtemp/bucket-core';
import { DAY_S, documentIn, NOON_MS, type Row, startApi } from '../api.fixture.js';
import { LabSeries } from './lab-buckets-route.js';

const HOUR_MS = 3_600_000;

test('the buckets of a lab come oldest first, and one without observations says so', async (t) => {
  const { get, commit } = await startApi(t);
  await commit([
    { lab: 'lab01', ms: NOON_MS - 3 * HOUR_MS, temp: 20, humidity: 40 },
    { lab: 'lab01', ms: NOON_MS - 3 * HOUR_MS + 1000, temp: 22 },
    { lab: 'lab01', ms: NOON_MS - HOUR_MS, humidity: 50 },
    { lab: 'lab02', ms: NOON_MS - 2 * HOUR_MS, temp: 99 },
  ]);
  const response = await get('/labs/lab01/buckets?from=2026-09-22T09:00:00Z&to=1790078400');
  const series = await documentIn(LabSeries, response);
  const { buckets, ...head } = series;
  assert.deepEqual(head, {
    lab_id: 'lab01',
    resolution: '1h',
    from: '2026-09-22T09:00:00.000Z',
    to: '2026-09-22T12:00:00.000Z',
  });
  assert.deepEqual(
    buckets.map((bucket) => [
      bucket.start.slice(11, 16),
      bucket.observations,
      bucket.temp?.avg,
      bucket.humidity?.avg,
    ]),
    [
      ['09:00', 2, 21, 40],
      ['10:00', 0, undefined, undefined],
      ['11:00', 1, undefined, 50],
    ],
  );
  assert.deepEqual(buckets[1], {
    start: '2026-09-22T10:00:00.000Z',
    end: '2026-09-22T11:00:00.000Z',
    observations: 0,
    first: null,
    last: null,
    complete: true,
    coverage: 0,
    temp: null,
    humidity: null,
  });
});

test('a series is a table for who asks for one, and JSON for everybody else', async (t) => {
  const { get, commit } = await startApi(t);
  await commit([{ lab: 'floor/a', ms: NOON_MS - 1000, temp: 20.5 }]);
  const path = '/labs/floor/a/buckets?resolution=1h';
  const json = await documentIn(LabSeries, await get(path, { accept: 'text/html' }));
  const csv = await get(`${path}&format=csv`);
  assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
  const lines = (await csv.text()).split('\r\n');
  assert.match(lines[0]!, /^lab_id,start,end,observations,.*,temp_count,temp_avg,/);
  assert.equal(lines.length, json.buckets.length + 2);
  const [lab, start, , observations] = lines.at(-2)!.split(',');
  assert.deepEqual([lab, start, observations], ['floor/a', json.buckets.at(-1)!.start, '1']);
  assert.equal(await (await get(path, { accept: 'text/csv' })).text(), lines.join('\r\n'));
  assert.equal(
    ((await get(`${path}&format=json`, { accept: 'text/csv' })).headers.get('content-type') ?? '').slice(
      0,
      16,
    ),
    'application/json',
  );
  const problem = await get(`${path}&format=ndjson`);
  assert.equal(problem.status, 400);
  assert.match(await problem.text(), /json or csv/);
  assert.match((await get(path)).headers.get('vary')!, /\bAccept\b/);
});

test('without a range it is the last day, in a resolution that is named', async (t) => {
  const { get, commit } = await startApi(t);
  await commit([{ lab: 'lab01', ms: NOON_MS - 1000, temp: 20 }]);
  const series = await documentIn(LabSeries, await get('/labs/lab01/buckets'));
  assert.equal(series.resolution, '1h');
  assert.equal(series.from, '2026-09-21T12:00:00.000Z');
  assert.equal(series.to, '2026-09-22T12:00:00.000Z');
  assert.equal(series.buckets.length, 24);
  assert.equal(series.buckets.at(-1)!.observations, 1);
  const days = await documentIn(LabSeries, await get('/labs/lab01/buckets?resolution=24h'));
  assert.deepEqual([days.resolution, days.buckets.length], ['1d', 2]);
});

test('what is kept no more is left out, not shown as empty', async (t) => {
  const { get, commit } = await startApi(t);
  await commit([{ lab: 'lab01', ms: NOON_MS - 1000, temp: 20 }]);
  const all = await documentIn(
    LabSeries,
    await get('/labs/lab01/buckets?from=0&to=9999999999&resolution=1h'),
  );
  assert.equal(all.buckets.length, 168);
  assert.equal(all.to, '2026-09-22T13:00:00.000Z');
  const gone = await documentIn(LabSeries, await get('/labs/lab01/buckets?from=0&to=1000'));
  assert.deepEqual([gone.buckets, gone.from], [[], gone.to]);
});

test('too many buckets are a 400 problem that says what to do', async (t) => {
  const grid = bucketGrid(0, { durationS: 60, retention: 10_000 }, []);
  const { get, commit } = await startApi(t, { grid });
  await commit([{ lab: 'lab01', ms: NOON_MS, temp: 20 }]);
  assert.equal((await get('/labs/lab01/buckets?from=0')).status, 400);
  const response = await get(`/labs/lab01/buckets?from=${NOON_MS / 1000 - 2 * DAY_S}`);
  assert.equal(response.status, 200);
  assert.equal((await documentIn(LabSeries, response)).buckets.length, 2880);
});

test('a lab whose id ends like a resource is asked for with %2F', async (t) => {
  const { get, commit } = await startApi(t);
  const labs = ['buckets', 'a', 'a/buckets', 'a/buckets/buckets', 'a/summary', '/', 'a//'];
  await commit(labs.map((lab): Row => ({ lab, ms: NOON_MS - 1000, temp: 20 })));
  const cases: [path: string, lab: string, resource: 'lab' | 'buckets' | 'summary'][] = [
    ['/labs/buckets', 'buckets', 'lab'],
    ['/labs/buckets/buckets', 'buckets', 'buckets'],
    ['/labs/a', 'a', 'lab'],
    ['/labs/a/buckets', 'a', 'buckets'],
    ['/labs/a%2Fbuckets', 'a/buckets', 'lab'],
    ['/labs/a%2fbuckets/buckets', 'a/buckets', 'buckets'],
    ['/labs/a/buckets/buckets', 'a/buckets', 'buckets'],
    ['/labs/a/buckets%2Fbuckets', 'a/buckets/buckets', 'lab'],
    ['/labs/a%2Fsummary', 'a/summary', 'lab'],
    ['/labs/a%2Fsummary/summary', 'a/summary', 'summary'],
    ['/labs/a/summary/buckets', 'a/summary', 'buckets'],
    ['/labs/%2F/buckets', '/', 'buckets'],
    ['/labs/a///buckets', 'a//', 'buckets'],
  ];
  for (const [path, lab, resource] of cases) {
    const response = await get(path);
    assert.equal(response.status, 200, path);
    const document = (await response.json()) as Record<string, unknown>;
    assert.equal(document.lab_id, lab, path);
    const is = 'latest' in document ? 'lab' : 'buckets' in document ? 'buckets' : 'summary';
    assert.equal(is, resource, path);
  }
});

test('a lab nobody heard of is a 404 problem, an id that no lab can have a 400', async (t) => {
  const { get } = await startApi(t);
  for (const resource of ['buckets', 'summary']) {
    assert.equal((await get(`/labs/nobody/${resource}`)).status, 404);
    assert.equal((await get(`/labs/a%20b/${resource}`)).status, 400);
    assert.equal((await get(`/labs/${'x'.repeat(201)}/${resource}`)).status, 400);
  }
});

test('a bad parameter is a 400 problem that names it', async (t) => {
  const { get, commit } = await startApi(t);
  await commit([{ lab: 'lab01', ms: NOON_MS, temp: 20 }]);
  const cases: [query: string, name: string][] = [
    ['from=yesterday', 'from'],
    ['from=', 'from'],
    ['from=2026-09-31', 'from'],
    ['from=2026-09-22T12:00:00', 'from'],
    // A + that was not escaped is a space.
    ['from=2026-09-22T12:00:00+02:00', 'from'],
    ['from=1e9', 'from'],
    ['from=99999999999999999999', 'from'],
    ['to=NaN', 'to'],
    ['from=1790078400&to=1790078400', 'from'],
    ['from=1790078401&to=1790078400', 'from'],
    ['from=9999999999', 'from'],
    ['resolution=0', 'resolution'],
    ['resolution=2h', 'resolution'],
    ['resolution=1x', 'resolution'],
    ['resolution=', 'resolution'],
    ['resolution=999999999w', 'resolution'],
    ['temp=20', 'temp'],
    ['temp=..', 'temp'],
    ['temp=24..20', 'temp'],
    ['temp=20..19.9', 'temp'],
    ['temp=a..b', 'temp'],
    ['temp=20...24', 'temp'],
    ['humidity=1e400..', 'humidity'],
  ];
  for (const path of ['/labs/lab01/buckets', '/labs/lab01/summary', '/summaries'])
    for (const [query, name] of cases) {
      const response = await get(`${path}?${query}`);
      assert.equal(response.status, 400, `${path}?${query}`);
      const { detail } = (await response.json()) as { detail: string };
      assert.ok(detail.startsWith(`${name} is `), `${query}: ${detail}`);
    }
  assert.equal((await get('/labs/lab01/buckets?from=2026-09-22T12:00:00%2B02:00')).status, 200);
});
