import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_S, startApi, yesterdayS } from '../api.fixture.js';

test('ten observations of yesterday are the average of yesterday', async (t) => {
  const { get, post } = await startApi(t);
  for (let i = 1; i <= 10; i++) {
    const response = await post({ lab_id: 'lab01', timestamp: yesterdayS(i), temp: i, humidity: 10 + i });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), 'null');
  }
  const expected = [{ lab_id: 'lab01', avg_temp: 5.5, avg_humidity: 15.5 }];
  assert.deepEqual(await (await get('/summary')).json(), expected);
  assert.deepEqual(await (await get('/summary?offset=-1')).json(), expected);
  assert.deepEqual(await (await get('/summary?offset=0')).json(), []);
  assert.deepEqual(await (await get('/summary?offset=-0')).json(), []);
  assert.deepEqual(await (await get('/summary?offset=-2')).json(), []);
});

test('labs come in the order of their ids, with null for what they do not measure', async (t) => {
  const { get, post } = await startApi(t);
  await post({ lab_id: 'b', timestamp: yesterdayS(1), temp: 20 });
  await post({ lab_id: 'a/2', timestamp: yesterdayS(1), humidity: 40 });
  await post({ lab_id: 'B', timestamp: yesterdayS(1), temp: 21, humidity: 41 });
  assert.deepEqual(await (await get('/summary')).json(), [
    { lab_id: 'B', avg_temp: 21, avg_humidity: 41 },
    { lab_id: 'a/2', avg_temp: null, avg_humidity: 40 },
    { lab_id: 'b', avg_temp: 20, avg_humidity: null },
  ]);
  const table = 'lab_id,avg_temp,avg_humidity\r\nB,21,41\r\na/2,,40\r\nb,20,\r\n';
  assert.equal(await (await get('/summary?format=csv')).text(), table);
});

test('what was the current bucket is the previous one a day later', async (t) => {
  const { get, post, clock } = await startApi(t);
  await post({ lab_id: 'lab01', temp: 20 });
  assert.equal(((await (await get('/summary?offset=0')).json()) as unknown[]).length, 1);
  assert.deepEqual(await (await get('/summary')).json(), []);
  clock.nowMs += DAY_S * 1000;
  assert.deepEqual(await (await get('/summary?offset=0')).json(), []);
  assert.equal(((await (await get('/summary')).json()) as unknown[]).length, 1);
});

test('an offset far beyond all buckets finds none', async (t) => {
  const { get } = await startApi(t);
  for (const offset of ['1', '-1000000', '9007199254740991', '-9007199254740991']) {
    const response = await get(`/summary?offset=${offset}`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), [], offset);
  }
});

test('an offset that is not one integer is a 400 problem', async (t) => {
  const { get } = await startApi(t);
  for (const query of [
    'offset=1.5',
    'offset=abc',
    'offset=',
    'offset',
    'offset=+1',
    'offset=%20-1',
    'offset=-1&offset=0',
    'offset=--1',
    'offset=1e3',
    'offset=NaN',
    'offset=9007199254740992',
    'offset=-1%00',
  ])
    assert.equal((await get(`/summary?${query}`)).status, 400, query);
});
