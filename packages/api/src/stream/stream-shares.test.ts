import assert from 'node:assert/strict';
import { test } from 'node:test';
import { until } from '@humtemp/test-services';
import { startStreams } from './stream.fixture.js';

const named = (from: number, count: number) =>
  `?labs=${Array.from({ length: count }, (_, i) => `unknown-${from + i}`).join()}`;

test('one client has at most half of the streams, and gets a place back for each that it closes', async (t) => {
  const fixture = await startStreams(t, 'feed', { streamsMax: 4 });
  const first = await fixture.listen('?labs=a');
  await fixture.listen('?labs=a');
  const refused = await fixture.listen('?labs=a');
  assert.equal(refused.response.status, 429);
  const other = await fixture.listen('?labs=hall', { token: 'floor' });
  assert.equal(other.response.status, 200);
  first.close();
  await until(() => fixture.streams.counters().open === 2);
  assert.equal((await fixture.listen('?labs=a')).response.status, 200);
});

test('labs that nobody heard of count, and one client watches at most half of all', async (t) => {
  const fixture = await startStreams(t, 'feed', { watchedLabsMax: 100 });
  assert.equal((await fixture.listen(named(0, 30))).response.status, 200);
  // The same labs count once.
  assert.equal((await fixture.listen(named(0, 30))).response.status, 200);
  assert.equal((await fixture.listen(named(30, 20))).response.status, 200);
  assert.equal((await fixture.listen(named(50, 1))).response.status, 429);
  assert.equal((await fixture.listen('?labs=floor-2/a,hall', { token: 'floor' })).response.status, 200);
});

test('streams that are open do not end because others watch as many labs as may be', async (t) => {
  const fixture = await startStreams(t, 'feed', { watchedLabsMax: 10, clientShare: 1 });
  await fixture.commit('floor-2/a', 20);
  const mine = await fixture.listen('?labs=floor-2/*', { token: 'floor' });
  await mine.labs('snapshot');
  assert.equal((await fixture.listen(named(0, 9))).response.status, 200);
  assert.equal((await fixture.listen(named(9, 1))).response.status, 503);
  for (const lab of ['floor-2/b', 'floor-2/c', 'floor-2/d']) await fixture.commit(lab, 21);
  const joined = new Set<string>();
  while (joined.size < 3) for (const lab of Object.keys(await mine.labs('changes'))) joined.add(lab);
  assert.deepEqual([...joined].sort(), ['floor-2/b', 'floor-2/c', 'floor-2/d']);
});

test('a snapshot holds what has changed since another channel read the same labs', async (t) => {
  const fixture = await startStreams(t, 'feed', { everyMs: 20 });
  await fixture.commit('a', 20);
  const first = await fixture.listen('?labs=a,b');
  await first.labs('snapshot');
  for (let i = 0; i < 20; i++) {
    await fixture.commit('a', 30 + i);
    const told = await first.labs('changes');
    const second = await fixture.listen(`?labs=a,c${i}`);
    assert.deepEqual(await second.labs('snapshot'), told);
    second.close();
  }
});
