import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_S, documentIn, NOON_MS, startApi, yesterdayS } from '../api.fixture.js';
import { LabReport } from './lab-route.js';

test('a lab has its latest observation and its current and previous bucket', async (t) => {
  const { get, post } = await startApi(t);
  const nowS = NOON_MS / 1000;
  await post({ lab_id: 'lab01', timestamp: yesterdayS(1), temp: 20, humidity: 40 });
  await post({ lab_id: 'lab01', timestamp: yesterdayS(23.5), temp: 21.5 });
  await post({ lab_id: 'lab01', timestamp: nowS - 100, humidity: 55.5 });
  await post({ lab_id: 'lab02', timestamp: nowS - 1, humidity: 1 });
  const { lab_id, latest, age_s, stale, metrics, current, previous } = await documentIn(
    LabReport,
    await get('/labs/lab01'),
  );
  // Its temperature spoke yesterday.
  assert.deepEqual([metrics.temp?.value, metrics.temp?.stale], [21.5, true]);
  assert.deepEqual(
    { lab_id, latest, age_s, stale, current, previous },
    {
      lab_id: 'lab01',
      latest: { timestamp: '2026-09-22T11:58:20.000Z', temp: null, humidity: 55.5 },
      age_s: 100,
      stale: true,
      current: {
        start: '2026-09-22T00:00:00.000Z',
        end: '2026-09-23T00:00:00.000Z',
        observations: 1,
        first: '2026-09-22T11:58:20.000Z',
        last: '2026-09-22T11:58:20.000Z',
        complete: false,
        coverage: 1 / 1440,
        temp: null,
        humidity: {
          count: 1,
          avg: 55.5,
          min: 55.5,
          max: 55.5,
          stddev: 0,
          p05: 55.5,
          p50: 55.5,
          p95: 55.5,
          coverage: 1 / 1440,
        },
      },
      previous: {
        start: '2026-09-21T00:00:00.000Z',
        end: '2026-09-22T00:00:00.000Z',
        observations: 2,
        first: '2026-09-21T01:00:00.000Z',
        last: '2026-09-21T23:30:00.000Z',
        complete: true,
        coverage: 2 / 2880,
        temp: {
          count: 2,
          avg: 20.75,
          min: 20,
          max: 21.5,
          stddev: 0.75,
          p05: 20.05,
          p50: 20.05,
          p95: 21.5,
          coverage: 2 / 2880,
        },
        humidity: {
          count: 1,
          avg: 40,
          min: 40,
          max: 40,
          stddev: 0,
          p05: 40,
          p50: 40,
          p95: 40,
          coverage: 1 / 2880,
        },
      },
    },
  );
});

test('a bucket without observations is null', async (t) => {
  const { get, post, clock } = await startApi(t);
  await post({ lab_id: 'lab01', temp: 20 });
  const first = (await (await get('/labs/lab01')).json()) as LabReport;
  assert.equal(first.previous, null);
  clock.nowMs += 3 * DAY_S * 1000;
  const later = (await (await get('/labs/lab01')).json()) as LabReport;
  assert.equal(later.current, null);
  assert.equal(later.previous, null);
  assert.equal(later.latest.temp, 20);
});

test('the slashes of a lab id may be written as they are or encoded', async (t) => {
  const { get, post } = await startApi(t);
  const paths: [lab: string, path: string][] = [
    ['floor-2/room-7', 'floor-2/room-7'],
    ['floor-2/room-7', 'floor-2%2Froom-7'],
    ['floor-2/room-7', 'floor-2%2froom-7'],
    ['floor-2/room-7', 'f%6Coor-2/room-7'],
    ['/', '/'],
    ['/', '%2F'],
    ['a//b/', 'a//b/'],
    ['a//b/', 'a/%2Fb%2F'],
    ['_.-', '_.-'],
  ];
  for (const [lab_id] of paths) await post({ lab_id, temp: 20 });
  for (const [lab, path] of paths) {
    const response = await get(`/labs/${path}`);
    assert.equal(response.status, 200, path);
    assert.equal(((await response.json()) as LabReport).lab_id, lab);
  }
});

test('a lab nobody heard of is a 404 problem, and an id that no lab can have a 400', async (t) => {
  const { get } = await startApi(t);
  for (const id of ['lab01', 'floor-2/room-7', 'x'.repeat(200), '__proto__', 'constructor'])
    assert.equal((await get(`/labs/${id}`)).status, 404, id);
  for (const id of [
    'x'.repeat(201),
    '%00',
    'a%20b',
    'a+b',
    'a%0Ab',
    'a%0D%0AX-Evil:1',
    '%7Ba%7D',
    '*',
    'a%2525',
    'a%252Fb',
    '%E2%80%AE',
    '%F0%9F%94%A5',
  ])
    assert.equal((await get(`/labs/${id}`)).status, 400, id);
});
