import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentIn, NOON_MS, startApi, storeWith } from '../api.fixture.js';
import { labDirectoryOf } from '../rooms/labs-csv.js';
import { LabsPage } from './labs-route.js';

async function pageOf(response: Response): Promise<LabsPage> {
  assert.equal(response.status, 200);
  return documentIn(LabsPage, response);
}

test('no lab is an empty page', async (t) => {
  const { get } = await startApi(t);
  assert.deepEqual(await pageOf(await get('/labs')), { labs: [], never_heard: [], next_cursor: null });
});

test('a lab has its latest values, its age, and is stale after three expected intervals', async (t) => {
  const { get, post, clock } = await startApi(t);
  const nowS = NOON_MS / 1000;
  await post({ lab_id: 'a', timestamp: nowS - 60.5, temp: 19, humidity: 40 });
  await post({ lab_id: 'a', timestamp: nowS - 30.5, temp: 20.125 });
  await post({ lab_id: 'b', timestamp: nowS - 90, humidity: 0 });
  await post({ lab_id: 'c', timestamp: nowS - 90.001, temp: 0 });
  await post({ lab_id: 'd', timestamp: nowS + 10, temp: -5, humidity: 45 });
  const shown = (await pageOf(await get('/labs'))).labs.map(({ lab_id, latest, age_s, stale }) => ({
    lab_id,
    latest,
    age_s,
    stale,
  }));
  assert.deepEqual(shown, [
    {
      lab_id: 'a',
      latest: { timestamp: '2026-09-22T11:59:29.500Z', temp: 20.125, humidity: 40 },
      age_s: 30.5,
      stale: false,
    },
    {
      lab_id: 'b',
      latest: { timestamp: '2026-09-22T11:58:30.000Z', temp: null, humidity: 0 },
      age_s: 90,
      stale: false,
    },
    {
      lab_id: 'c',
      latest: { timestamp: '2026-09-22T11:58:29.999Z', temp: 0, humidity: null },
      age_s: 90.001,
      stale: true,
    },
    {
      lab_id: 'd',
      latest: { timestamp: '2026-09-22T12:00:10.000Z', temp: -5, humidity: 45 },
      age_s: 0,
      stale: false,
    },
  ]);
  clock.nowMs += 3_600_000;
  assert.ok((await pageOf(await get('/labs'))).labs.every((lab) => lab.stale));
});

test('the pages give every lab once, in the order of their ids', async (t) => {
  const { get, post } = await startApi(t);
  const ids = ['B', 'a', 'a-1', 'a/1', 'a/2', 'b', 'z'.repeat(200)];
  await Promise.all(ids.toReversed().map((lab_id) => post({ lab_id, temp: 20 })));
  for (const limit of [1, 2, 3, 6, 7, 1000]) {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: LabsPage = await pageOf(
        await get(`/labs?limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`),
      );
      assert.ok(page.labs.length <= limit);
      seen.push(...page.labs.map((lab) => lab.lab_id));
      cursor = page.next_cursor;
    }
    assert.deepEqual(seen, ids.toSorted(), `in pages of ${limit}`);
  }
});

test('labs can be asked for by prefix, and by whether they are stale, page by page', async (t) => {
  const { get, commit } = await startApi(t);
  const ids = ['a', 'b', 'b-1', 'b/1', 'b/2', 'b/20', 'b/3', 'b0', 'bb', 'c'];
  const isStale = (lab: string) => lab.endsWith('1') || lab.endsWith('0');
  await commit(ids.map((lab) => ({ lab, ms: NOON_MS - (isStale(lab) ? 1000 : 10) * 1000, temp: 20 })));
  async function all(query: string, limit: number): Promise<string[]> {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: LabsPage = await pageOf(await get(`/labs?${query}&limit=${limit}${next}`));
      seen.push(...page.labs.map((lab) => lab.lab_id));
      cursor = page.next_cursor;
    }
    return seen;
  }
  for (const limit of [1, 2, 3, 5, 100])
    for (const prefix of ['b', 'b/', 'b/2', 'c', 'd', '/', 'z', '-'])
      for (const stale of [undefined, true, false]) {
        const query = `prefix=${prefix}${stale === undefined ? '' : `&stale=${stale}`}`;
        const expected = ids.filter(
          (lab) => lab.startsWith(prefix) && (stale === undefined || isStale(lab) === stale),
        );
        assert.deepEqual(await all(query, limit), expected.toSorted(), `${query} ${limit}`);
      }
  for (const query of ['prefix=', 'prefix=a%20b', 'stale=', 'stale=1', 'stale=TRUE'])
    assert.equal((await get(`/labs?${query}`)).status, 400, query);
});

test('a search for few among many gives short pages that go on', async (t) => {
  const { get, commit } = await startApi(t);
  const lab = (i: number) => `lab-${String(i).padStart(3, '0')}`;
  await commit(
    Array.from({ length: 50 }, (_, i) => ({
      lab: lab(i),
      ms: NOON_MS - (i === 49 ? 1000 : 10) * 1000,
      temp: 20,
    })),
  );
  let page = await pageOf(await get('/labs?stale=true&limit=1'));
  let pages = 1;
  for (; page.labs.length === 0; pages++)
    page = await pageOf(await get(`/labs?stale=true&limit=1&cursor=${page.next_cursor}`));
  assert.equal(page.labs[0]!.lab_id, lab(49));
  assert.ok(pages > 1 && pages <= 6, `${pages} pages`);
});

test('a lab that has long been silent is no longer listed unless it is named, asked for, or in the labs file', async (t) => {
  const { get, post } = await startApi(t, {
    listedS: 3600,
    directories: { current: await labDirectoryOf('lab_id,name\nfreezer,Freezer\n', 'labs.csv') },
  });
  const nowS = NOON_MS / 1000;
  for (const [lab_id, ageS] of Object.entries({ freezer: 7200, gone: 3601, here: 3600 }))
    await post({ lab_id, timestamp: nowS - ageS, temp: 20 });
  const idsOf = async (query: string) =>
    (await pageOf(await get(`/labs${query}`))).labs.map((lab) => lab.lab_id);
  assert.deepEqual(await idsOf(''), ['freezer', 'here']);
  assert.deepEqual(await idsOf('?unlisted=true'), ['freezer', 'gone', 'here']);
  assert.deepEqual(await idsOf('?labs=gone,here'), ['gone', 'here']);
  const shown = await (await get('/metrics/labs')).text();
  assert.match(shown, /lab="freezer"[\s\S]*lab="here"/);
  assert.doesNotMatch(shown, /gone/);
});

test('labs are a table too, with those never heard of, and the next page in a header', async (t) => {
  const { get, post } = await startApi(t, {
    directories: { current: await labDirectoryOf('lab_id,name,temp_max\nb,"Vault, deep",22\n', 'labs.csv') },
  });
  const at = NOON_MS / 1000;
  await post({ lab_id: 'a', timestamp: at - 10, temp: 20 });
  await post({ lab_id: 'c', timestamp: at, humidity: 50.5 });
  const table = await get('/labs?format=csv&limit=1');
  assert.match(table.headers.get('content-type')!, /^text\/csv/);
  const [head, a] = (await table.text()).split('\r\n');
  assert.match(
    head!,
    /^lab_id,name,group,latest,age_s,stale,temp,temp_at,temp_in_range,temp_min,temp_max,humidity,/,
  );
  assert.equal(a, 'a,,,2026-09-22T11:59:50.000Z,10,false,20,2026-09-22T11:59:50.000Z,,,,,,,,,30');
  const next = /^<(\?format=csv&limit=1&cursor=\w+)>; rel="next"$/.exec(table.headers.get('link')!)![1];
  const rest = await get(`/labs${next}`);
  assert.deepEqual((await rest.text()).split('\r\n').slice(1), [
    'b,"Vault, deep",,,,,,,,,,,,,,,',
    'c,,,2026-09-22T12:00:00.000Z,0,false,,,,,,50.5,2026-09-22T12:00:00.000Z,,,,30',
    '',
  ]);
  assert.equal(rest.headers.get('link'), null);
});

test('a page has a hundred labs unless told otherwise', async (t) => {
  const { get, post } = await startApi(t);
  await Promise.all(Array.from({ length: 101 }, (_, i) => post({ lab_id: `lab${i}`, temp: 20 })));
  const page = await pageOf(await get('/labs'));
  assert.equal(page.labs.length, 100);
  assert.notEqual(page.next_cursor, null);
});

test('a lab whose first commit is not there yet is left out, and the pages go on', async (t) => {
  const { get, post } = await startApi(t, {
    instead: (store) =>
      storeWith(store, { labs: async (after) => ['a', 'announced', 'b'].filter((lab) => lab > after) }),
  });
  await post({ lab_id: 'a', temp: 20 });
  await post({ lab_id: 'b', temp: 20 });
  const { labs } = await pageOf(await get('/labs'));
  assert.deepEqual(
    labs.map((lab) => lab.lab_id),
    ['a', 'b'],
  );
});

test('a cursor that is not one of ours is a 400 problem', async (t) => {
  const { get } = await startApi(t);
  const encoded = (text: string) => Buffer.from(text).toString('base64url');
  for (const cursor of [
    '',
    'lab01',
    '====',
    '%00',
    'bGFiMDE=',
    'bGFiMDE%20',
    encoded('lab 01'),
    encoded('x'.repeat(201)),
    encoded('{}'),
    'x'.repeat(5000),
  ])
    assert.equal((await get(`/labs?cursor=${cursor}`)).status, 400, cursor);
  assert.equal((await get(`/labs?cursor=${encoded('lab01')}`)).status, 200);
});

test('a lab is stale when one of its metrics is, though the other speaks', async (t) => {
  const { get, post, clock } = await startApi(t);
  const nowS = NOON_MS / 1000;
  await post({ lab_id: 'a', timestamp: nowS - 7200, temp: 19, humidity: 40 });
  await post({ lab_id: 'a', timestamp: nowS - 10, humidity: 41 });
  await post({ lab_id: 'dry', timestamp: nowS - 10, temp: 20 });
  const [a, dry] = (await pageOf(await get('/labs'))).labs;
  assert.equal(a!.stale, true);
  assert.deepEqual(a!.metrics.temp, {
    value: 19,
    timestamp: '2026-09-22T10:00:00.000Z',
    age_s: 7200,
    stale: true,
    in_range: null,
  });
  assert.equal(a!.metrics.humidity!.stale, false);
  assert.deepEqual([dry!.stale, dry!.metrics.humidity], [false, null]);
  clock.nowMs += 100_000;
  assert.equal((await pageOf(await get('/labs?stale=true'))).labs.length, 2);
});

test('labs have their names, groups, limits and intervals of the labs file, and those never heard of are listed', async (t) => {
  const csv =
    'lab_id,name,group,temp_min,temp_max,expected_interval\na,Oven,warm,,30,10m\nb,,warm,20,25,\nsilent,Gone,cold,,,\n';
  const { get, post } = await startApi(t, {
    directories: { current: await labDirectoryOf(csv, 'labs.csv') },
  });
  const nowS = NOON_MS / 1000;
  await post({ lab_id: 'a', timestamp: nowS - 600, temp: 31 });
  await post({ lab_id: 'b', timestamp: nowS - 10, temp: 25 });
  const page = await pageOf(await get('/labs'));
  const [a, b] = page.labs;
  assert.deepEqual(
    [a!.name, a!.group, a!.stale, a!.metrics.temp!.in_range, a!.limits.temp, a!.expected_interval_s],
    ['Oven', 'warm', false, false, { min: null, max: 30 }, 600],
  );
  assert.deepEqual([b!.name, b!.metrics.temp!.in_range], [null, true]);
  assert.deepEqual(page.never_heard, [{ lab_id: 'silent', name: 'Gone', group: 'cold' }]);
  assert.equal((await pageOf(await get('/labs?group=warm'))).labs.length, 2);
  assert.deepEqual(
    (await pageOf(await get('/labs?labs=b,silent,nobody'))).labs.map(({ lab_id }) => lab_id),
    ['b'],
  );
  assert.equal((await get('/labs?group=hot')).status, 400);
});

test('a lab whose id was made of a name shows that name', async (t) => {
  const fixture = await startApi(t);
  await fixture.commit([
    { lab: 'Cold.20room.202', ms: NOON_MS, temp: 20 },
    { lab: 'plain.b', ms: NOON_MS, temp: 20 },
  ]);
  const { labs } = (await (await fixture.get('/labs')).json()) as { labs: { name: string | null }[] };
  assert.deepEqual(
    labs.map(({ name }) => name),
    ['Cold room 2', null],
  );
});
