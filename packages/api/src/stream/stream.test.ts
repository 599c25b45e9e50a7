import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@humtemp/test-services';
import { NOON_MS } from '../api.fixture.js';
import { startStreams } from './stream.fixture.js';

for (const source of ['feed', 'polled'] as const) {
  test(`${source}: a snapshot, then the labs that have changed`, async (t) => {
    const { commit, listen } = await startStreams(t, source);
    await commit('a', 20);
    await commit('b', 21);
    await commit('c', 22);
    const listener = await listen('?labs=a,b,later');
    assert.equal(listener.response.headers.get('content-type'), 'text/event-stream');
    assert.equal(listener.response.headers.get('cache-control'), 'no-store');
    assert.deepEqual(await listener.labs('snapshot'), { a: 20, b: 21 });
    await commit('c', 24);
    await commit('a', 22);
    assert.deepEqual(await listener.labs('changes'), { a: 21 });
    await commit('later', 19);
    assert.deepEqual(await listener.labs('changes'), { later: 19 });
    await commit('b', 23);
    assert.deepEqual(await listener.labs('changes'), { b: 22 });
  });

  test(`${source}: labs of a prefix, those that are new too`, async (t) => {
    const { commit, listen } = await startStreams(t, source);
    for (const lab of ['floor-1/1', 'floor-2/1', 'floor-20/1', 'hall']) await commit(lab, 20);
    const [prefix, all, scoped] = await Promise.all([
      listen('?labs=floor-2/*'),
      listen(),
      listen('?labs=*', { token: 'floor' }),
    ]);
    assert.deepEqual(Object.keys(await prefix.labs('snapshot')), ['floor-2/1']);
    assert.deepEqual(Object.keys(await all.labs('snapshot')).sort(), [
      'floor-1/1',
      'floor-2/1',
      'floor-20/1',
      'hall',
    ]);
    assert.deepEqual(Object.keys(await scoped.labs('snapshot')).sort(), ['floor-2/1', 'hall']);
    await commit('floor-1/2', 21);
    await commit('floor-2/2', 22);
    assert.deepEqual(await prefix.labs('changes'), { 'floor-2/2': 22 });
    assert.deepEqual(await scoped.labs('changes'), { 'floor-2/2': 22 });
    const seen = await all.labs('changes');
    if (!('floor-2/2' in seen)) Object.assign(seen, await all.labs('changes'));
    assert.deepEqual(seen, { 'floor-1/2': 21, 'floor-2/2': 22 });
  });

  test(`${source}: a new lab is told to streams of a prefix that others were told of before`, async (t) => {
    let known = ['a'];
    const { commit, listen, streams } = await startStreams(t, source, { listLabs: async () => known });
    await commit('a', 20);
    const [all, away, named] = await Promise.all([listen(), listen(), listen('?labs=new')]);
    for (const listener of [all, away]) assert.deepEqual(await listener.labs('snapshot'), { a: 20 });
    assert.deepEqual(await named.labs('snapshot'), {});
    away.close();
    await until(() => streams.counters().open === 2);
    await commit('new', 21);
    assert.deepEqual(await named.labs('changes'), { new: 21 });
    known = ['a', 'new'];
    assert.deepEqual(await all.labs('changes'), { new: 21 });
    const resumed = await listen('', { lastEventId: away.lastEventId! });
    assert.deepEqual(await resumed.labs('changes'), { new: 21 });
    // Nobody is told twice.
    await commit('new', 23);
    assert.deepEqual(await named.labs('changes'), { new: 22 });
  });

  test(`${source}: who comes back is told what has changed meanwhile`, async (t) => {
    const { commit, listen, streams } = await startStreams(t, source, { resumeMs: 60_000 });
    const other = await listen('?labs=other');
    await other.labs('snapshot');
    for (const lab of ['a', 'b', 'c']) await commit(lab, 20);
    const first = await listen('?labs=a,b,c');
    await first.labs('snapshot');
    await commit('c', 22);
    assert.deepEqual(await first.labs('changes'), { c: 21 });
    const { lastEventId } = first;
    first.close();
    await until(() => streams.counters().open === 1);
    await commit('a', 30);
    await commit('a', 40);
    // The turn that tells of this one has noticed those.
    await commit('other', 20);
    await other.labs('changes');
    const resumed = await listen('?labs=c,b,a', { lastEventId: lastEventId! });
    assert.deepEqual(await resumed.labs('changes'), { a: 30 });
    await commit('b', 22);
    assert.deepEqual(await resumed.labs('changes'), { b: 21 });

    // Of another request, another process, the future, or nobody.
    const [run, channel, turn] = lastEventId!.split('.');
    for (const [query, id] of [
      ['?labs=a,b', lastEventId!],
      ['?labs=a,b,c', `${run}0.${channel}.${turn}`],
      ['?labs=a,b,c', `${run}.${channel}.${Number(turn) + 1_000_000}`],
      ['?labs=a,b,c', `${run}.${channel}.`],
      ['?labs=a,b,c', 'x'],
    ] as const)
      await (await listen(query, { lastEventId: id })).labs('snapshot');
  });
}

test('a new lab is told although the store failed as it was found', async (t) => {
  let known = ['a'];
  let failures = 0;
  const { commit, listen, outage } = await startStreams(t, 'feed', {
    listLabs: async () => {
      // The first to ask learns of the lab, the second of the outage.
      if (outage.error !== undefined && failures++ === 1) throw outage.error;
      return known;
    },
    listMs: 0,
  });
  await commit('a', 20);
  await commit('new', 21);
  const all = await listen();
  assert.deepEqual(await all.labs('snapshot'), { a: 20 });
  await (await listen('?labs=b*')).labs('snapshot');
  known = ['a', 'new'];
  outage.error = new Error('out of reach');
  assert.equal((await all.next())?.event, 'unavailable');
  outage.error = undefined;
  assert.deepEqual(await all.labs('changes'), { new: 21 });
});

test('a client that comes as its labs become too many is refused, not forgotten', async (t) => {
  let known = ['a'];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { listen, url, streams } = await startStreams(t, 'feed', {
    listLabs: async () => known,
    summaries: async (labs) => {
      await held;
      return labs.map(() => undefined);
    },
  });
  const late = listen('?labs=a*');
  await until(() => streams.counters().labs === 1);
  known = Array.from({ length: 1001 }, (_, i) => `a${i}`);
  await until(() => streams.counters().labs === 0);
  release();
  assert.equal((await late).response.status, 503);
  const again = await fetch(`${url}/stream?labs=a*`, { headers: { authorization: 'Bearer all-secret' } });
  assert.equal(again.status, 400);
});

test('after a while without clients nothing is known, and nothing is asked for', async (t) => {
  const { commit, listen, streams, summarised } = await startStreams(t, 'feed', { resumeMs: 20 });
  await commit('a', 20);
  const first = await listen('?labs=a');
  await first.labs('snapshot');
  first.close();
  await until(() => streams.counters().labs === 0);
  const before = summarised.count;
  await commit('a', 22);
  await delay(50);
  assert.equal(summarised.count, before);
  const again = await listen('?labs=a', { lastEventId: first.lastEventId! });
  assert.deepEqual(await again.labs('snapshot'), { a: 21 });
});

test('a change is summarised once, whatever the number of clients', async (t) => {
  const { commit, listen, summarised } = await startStreams(t, 'feed', { everyMs: 100 });
  await commit('a', 20);
  const listeners = await Promise.all(Array.from({ length: 20 }, () => listen('?labs=a')));
  for (const listener of listeners) await listener.labs('snapshot');
  const before = summarised.count;
  await commit('a', 22);
  for (const listener of listeners) assert.deepEqual(await listener.labs('changes'), { a: 21 });
  assert.equal(summarised.count - before, 1);
});

test('those who come at the same time share a snapshot', async (t) => {
  const { commit, listen, summarised } = await startStreams(t, 'feed', { everyMs: 60_000 });
  await commit('a', 20);
  const listeners = await Promise.all(Array.from({ length: 20 }, () => listen('?labs=a')));
  for (const listener of listeners) assert.deepEqual(await listener.labs('snapshot'), { a: 20 });
  assert.equal(summarised.count, 1);
});

test('a lab that only had duplicates has not changed', async (t) => {
  const { api, commit, listen } = await startStreams(t, 'feed');
  const receive = async () => {
    api.intake.receive('a', Buffer.from(`{"timestamp":${NOON_MS / 1000},"temp":20}`), 'test');
    await api.intake.whenSettled();
  };
  const listener = await listen('?labs=a,b');
  await listener.labs('snapshot');
  await receive();
  assert.deepEqual(await listener.labs('changes'), { a: 20 });
  await receive();
  await commit('b', 21);
  assert.deepEqual(await listener.labs('changes'), { b: 21 });
});

test('silence is filled with comments', async (t) => {
  const { commit, listen } = await startStreams(t, 'feed', { heartbeatMs: 30 });
  await commit('a', 20);
  const listener = await listen('?labs=a');
  await listener.labs('snapshot');
  for (let i = 0; i < 3; i++) assert.equal((await listener.next())?.event, 'comment');
});

test('while the store is out of reach clients are told so once, and afterwards what has changed', async (t) => {
  const { commit, listen, outage, logged, url } = await startStreams(t, 'feed');
  await commit('a', 20);
  const listener = await listen('?labs=a');
  await listener.labs('snapshot');
  const other = await listen('?labs=other');
  await other.labs('snapshot');
  outage.error = new Error('out of reach');
  await commit('a', 22);
  assert.equal((await listener.next())?.event, 'unavailable');
  const refused = await fetch(`${url}/stream?labs=b`, { headers: { authorization: 'Bearer all-secret' } });
  assert.equal(refused.status, 503);
  await delay(50);
  outage.error = undefined;
  assert.deepEqual(await listener.labs('changes'), { a: 21 });
  assert.deepEqual(logged, ['live streams cannot tell what changes', 'live streams have the store again']);
  // Whoever was told of the outage is told of its end, though none of its labs has changed.
  assert.equal((await other.next())?.event, 'unavailable');
  assert.deepEqual(await other.labs('changes'), {});
});

test('what cannot be streamed is refused with a problem', async (t) => {
  const { url, commit, listen, streams } = await startStreams(t, 'feed', { streamsMax: 1 });
  for (let i = 0; i < 1001; i++) await commit(`many/${i}`, 20);
  const answer = async (query: string, token = 'all', method = 'GET') => {
    const response = await fetch(`${url}/stream${query}`, {
      method,
      headers: { authorization: `Bearer ${token}-secret` },
    });
    const text = await response.text();
    return [response.status, text === '' ? '' : JSON.parse(text).detail, response.headers.get('retry-after')];
  };
  assert.match(String(await answer('?labs=')), /^400,labs is a list of lab ids and prefixes/);
  assert.match(String(await answer('?labs=a%20b')), /^400,labs is a list/);
  assert.match(String(await answer('?labs=many/*')), /^400,a stream is about at most 1000 labs/);
  assert.match(
    String(await answer('?labs=floor-2/1,b', 'floor')),
    /^403,the token floor is not for the lab b/,
  );
  assert.match(String(await answer('?labs=a', 'nobody')), /^401,/);
  assert.deepEqual(await answer('?labs=a', 'all', 'HEAD'), [200, '', null]);
  assert.equal(streams.counters().open, 0);
  const only = await listen('?labs=a');
  await only.labs('snapshot');
  assert.deepEqual(await answer('?labs=a'), [503, '1 streams are open, as many as may be', '10']);
  only.close();
  await until(() => streams.counters().open === 0);
  await (await listen('?labs=a')).labs('snapshot');
});

test('a stream ends when its token is taken back', async (t) => {
  const { listen, revoke } = await startStreams(t, 'feed');
  const listener = await listen('?labs=a');
  await listener.labs('snapshot');
  await revoke();
  assert.equal(await listener.next(), undefined);
});
