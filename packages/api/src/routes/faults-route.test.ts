import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StoreFault } from '@humtemp/bucket-core';
import { bearer, openTokens, tokenLines } from '../access/access.fixture.js';
import { documentIn, NOON_MS, startApi } from '../api.fixture.js';
import { FaultsPage } from './faults-route.js';

const FAULTS: readonly StoreFault[] = [
  { lab: 'floor-2/a', key: 'labs/floor-2/a', reason: 'a version that is not known', atMs: NOON_MS },
  { lab: 'hall', key: 'labs/hall', reason: 'cut short', atMs: NOON_MS - 1000 },
  { key: 'rejections', reason: 'another type', atMs: NOON_MS - 2000 },
];

test('what cannot be read is listed, for each token what is of its labs', async (t) => {
  const { tokens } = await openTokens(t, tokenLines({ floor: { labs: 'floor-2/*' }, all: {} }));
  const { get } = await startApi(t, {
    tokens,
    instead: (store) => {
      store.faults = async () => FAULTS;
      return store;
    },
  });
  const all = await documentIn(FaultsPage, await get('/faults', bearer('all').headers));
  assert.deepEqual(
    all.faults.map(({ lab_id }) => lab_id),
    ['floor-2/a', 'hall', null],
  );
  const floor = await documentIn(FaultsPage, await get('/faults', bearer('floor').headers));
  assert.deepEqual(
    floor.faults.map(({ lab_id }) => lab_id),
    ['floor-2/a'],
  );
  assert.equal(
    await (await get('/faults?format=csv', bearer('floor').headers)).text(),
    'at,lab_id,key,reason\r\n2026-09-22T12:00:00.000Z,floor-2/a,labs/floor-2/a,a version that is not known\r\n',
  );
});

test('an answer that leaves out labs says how many of those that its token may see', async (t) => {
  const { tokens } = await openTokens(t, tokenLines({ floor: { labs: 'floor-2/*' }, all: {} }));
  const noted: string[] = ['before'];
  const { get } = await startApi(t, {
    tokens,
    faults: {
      get count() {
        return noted.length;
      },
      labsSince: (count) => noted.slice(count),
    },
    instead: (store) => {
      const labs = store.labs.bind(store);
      store.labs = (after, limit, nowMs) => {
        noted.push('hall', 'floor-2/a', 'hall');
        return labs(after, limit, nowMs);
      };
      return store;
    },
  });
  const left = async (path: string, token: string) =>
    (await get(path, bearer(token).headers)).headers.get('humtemp-incomplete');
  assert.equal(await left('/labs', 'all'), '2');
  assert.equal(await left('/labs', 'floor'), '1');
  assert.equal(await left('/ledger', 'all'), null);
});
