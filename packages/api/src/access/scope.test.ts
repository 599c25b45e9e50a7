import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentIn, NOON_MS, startApi, yesterdayS } from '../api.fixture.js';
import { BucketsOfLabs } from '../routes/buckets-route.js';
import { LabsPage } from '../routes/labs-route.js';
import { LabsSummary } from '../routes/summaries-route.js';
import { bearer, openTokens, tokenLines } from './access.fixture.js';

const LABS = ['floor-1/a', 'floor-1/b', 'floor-2/a', 'hall', '-'];

test('a token sees its labs and no others, on every route', async (t) => {
  const { tokens } = await openTokens(
    t,
    tokenLines({ all: {}, floor: { labs: 'floor-1/*,hall,nobody', write: true }, reader: { labs: 'hall' } }),
    { clock: () => NOON_MS },
  );
  const { app, commit } = await startApi(t, { tokens });
  await commit(
    LABS.flatMap((lab) => [yesterdayS(1) * 1000, NOON_MS - 1000].map((ms) => ({ lab, ms, temp: 20 }))),
  );
  const get = async (name: string, path: string) => app.request(path, bearer(name));
  const mine = (lab: string) => lab.startsWith('floor-1/') || lab === 'hall';

  for (const [name, labs] of [
    ['all', LABS],
    ['floor', LABS.filter(mine)],
    ['reader', ['hall']],
  ] as const) {
    const expected = labs.toSorted();
    const summary = (await (await get(name, '/summary')).json()) as { lab_id: string }[];
    assert.deepEqual(
      summary.map(({ lab_id }) => lab_id),
      expected,
    );
    const listed: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const next: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page: LabsPage = await documentIn(LabsPage, await get(name, `/labs?limit=1${next}`));
      listed.push(...page.labs.map((lab) => lab.lab_id));
      cursor = page.next_cursor;
    }
    assert.deepEqual(listed, expected);
    for (const prefix of [
      'floor-1/',
      'floor-1/a',
      'floor-2/',
      'floor-2/aaaaaaaaa',
      'floor-2/a',
      'floor-',
      'ha',
      '-',
    ]) {
      const of = expected.filter((lab) => lab.startsWith(prefix));
      const { labs } = await documentIn(LabsPage, await get(name, `/labs?prefix=${prefix}`));
      assert.deepEqual(
        labs.map((lab) => lab.lab_id),
        of,
        `${name} ${prefix}`,
      );
      const summary = await documentIn(LabsSummary, await get(name, `/summaries?prefix=${prefix}`));
      assert.equal(summary.labs, of.length);
    }
    const { buckets } = await documentIn(BucketsOfLabs, await get(name, '/buckets'));
    assert.deepEqual(buckets.map((bucket) => bucket.lab_id).sort(), expected);
    assert.equal((await documentIn(LabsSummary, await get(name, '/summaries'))).labs, expected.length);
    for (const lab of LABS)
      for (const path of [
        `/labs/${lab}`,
        `/labs/${lab}/buckets`,
        `/labs/${lab}/summary`,
        `/summaries?labs=hall,${lab}`,
      ])
        assert.equal((await get(name, path)).status, expected.includes(lab) ? 200 : 403, `${name} ${path}`);
    assert.equal((await get(name, '/rejections')).status, name === 'all' ? 200 : 403);
    assert.equal((await get(name, '/ledger')).status, 200);
  }

  const post = async (name: string, lab_id: string) => {
    const body = JSON.stringify({ lab_id, temp: 20 });
    return (await app.request('/observation', { method: 'POST', body, ...bearer(name) })).status;
  };
  assert.deepEqual(
    await Promise.all(['hall', 'floor-1/new', 'floor-2/a', '-'].map((lab) => post('floor', lab))),
    [200, 200, 403, 403],
  );
  assert.equal(await post('reader', 'hall'), 403);
});

test('the documentation and the health need no token, and all else does', async (t) => {
  const { tokens } = await openTokens(t, tokenLines({ all: {} }), { clock: () => NOON_MS });
  const { get } = await startApi(t, { tokens });
  for (const path of ['/docs', '/docs/swagger-ui.css', '/openapi.json', '/livez', '/readyz'])
    assert.equal((await get(path)).status, 200, path);
  for (const path of [
    '/summary',
    '/labs',
    '/labs/hall',
    '/buckets',
    '/summaries',
    '/rejections',
    '/ledger',
    '/x',
  ])
    assert.equal((await get(path)).status, 401, path);
});
