import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentIn, startApi } from '../api.fixture.js';
import { RejectionsPage } from './rejections-route.js';

test('rejections come newest first, with what to do about them', async (t) => {
  const { get, post, intake } = await startApi(t);
  const bodies = ['{"temp":20}', '[1]', `{"lab_id":"lab01","x":"${'x'.repeat(2000)}"}`];
  for (const body of bodies) {
    await post(body);
    await intake.whenSettled();
  }
  const page = await documentIn(RejectionsPage, await get('/rejections'));
  assert.deepEqual(
    page.rejections.map(({ reason }) => reason),
    ['payload_too_large', 'not_an_object', 'lab_id'],
  );
  assert.match(page.rejections[0]!.excerpt, /^\{"lab_id":"lab01"/);
  assert.deepEqual(page.rejections[2], {
    at: '2026-09-22T12:00:00.000Z',
    reason: 'lab_id',
    advice: 'a lab id is 1 to 200 characters of A-Z a-z 0-9 / _ - . and neither . nor ..',
    source: 'POST /observation',
    excerpt: '{"temp":20}',
  });
  const [head, , , oldest] = (await (await get('/rejections?format=csv')).text()).split('\r\n');
  assert.equal(head, 'at,reason,advice,source,excerpt');
  assert.match(oldest!, /^2026-09-22T12:00:00.000Z,lab_id,a lab id .*,POST \/observation,"\{""temp"":20\}"$/);
  const one = (await (await get('/rejections?limit=1')).json()) as RejectionsPage;
  assert.equal(one.rejections.length, 1);
});
