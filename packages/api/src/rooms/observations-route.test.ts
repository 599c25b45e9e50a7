import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bearer, openTokens, tokenLines } from '../access/access.fixture.js';
import { documentIn, NOON_MS, startApi } from '../api.fixture.js';
import { ObservationFates } from './observations-route.js';

const PATH = '/observations';
const at = (lab_id: string, minutesAgo: number, temp = 20) => ({
  lab_id,
  timestamp: NOON_MS / 1000 - minutesAgo * 60,
  temp,
});

test('each observation of a body has its fate, and one that is rejected keeps no other from being counted', async (t) => {
  const { post, intake, store, clock } = await startApi(t, { labsMax: 2 });
  const body = [
    at('a', 1),
    at('a', 1),
    { lab_id: 'a' },
    at('a b', 1),
    at('b', 2, 1e6),
    at('b', 2),
    7,
    [at('a', 3)],
    at('c', 1),
    at('a', 1e6),
  ];
  const answer = await documentIn(ObservationFates, await post(body, PATH));
  assert.deepEqual(answer.fates, [
    'counted',
    'counted',
    'no_value',
    'lab_id',
    'temp',
    'counted',
    'not_an_object',
    'not_an_object',
    'too_many_labs',
    'expired',
  ]);
  assert.deepEqual([answer.counted, answer.rejected, answer.not_taken], [3, 7, 0]);
  const { received, committed, duplicate } = intake.ledger.counters();
  assert.deepEqual([received, committed, duplicate], [10, 2, 1]);
  const again = await documentIn(ObservationFates, await post(body, PATH));
  assert.equal(again.counted, 3);
  assert.equal((await store.latest(['a'], clock.nowMs))[0]!.aggregate.observations, 1);
});

test('lines are observations, too, each for itself', async (t) => {
  const { post, intake } = await startApi(t);
  const lines = `${JSON.stringify(at('a', 1))}\r\nnot json\n\n${JSON.stringify(at('b', 1))}`;
  const answer = await documentIn(ObservationFates, await post(lines, PATH));
  assert.deepEqual(answer.fates, ['counted', 'not_json', 'counted']);
  assert.equal(intake.ledger.counters().committed, 2);
  const one = await documentIn(ObservationFates, await post(JSON.stringify(at('c', 1)), PATH));
  assert.deepEqual(one.fates, ['counted']);
  assert.deepEqual((await documentIn(ObservationFates, await post('', PATH))).fates, []);
});

test('a body that is too long, or no array, is refused as a whole', async (t) => {
  const { post, intake } = await startApi(t);
  assert.equal((await post('[1,', PATH)).status, 400);
  assert.equal((await post(Buffer.from([0x5b, 0xff, 0x5d]), PATH)).status, 400);
  assert.equal((await post(`[${'0,'.repeat(10_000)}0]`, PATH)).status, 413);
  assert.equal((await post(`["${'x'.repeat(1024 * 1024)}"]`, PATH)).status, 413);
  assert.equal(intake.ledger.counters().received, 0);
});

test('a token posts for its labs only, and the others are not received', async (t) => {
  const { tokens } = await openTokens(t, tokenLines({ floor: { write: true, labs: 'floor/*' }, reader: {} }));
  const { app, intake } = await startApi(t, { tokens });
  const post = (name: string) =>
    app.request(PATH, {
      method: 'POST',
      ...bearer(name),
      body: JSON.stringify([at('floor/a', 1), at('hall', 1)]),
    });
  const answer = await documentIn(ObservationFates, await post('floor'));
  assert.deepEqual(answer.fates, ['counted', 'not_authorized']);
  assert.equal(intake.ledger.counters().received, 1);
  assert.equal((await post('reader')).status, 403);
});

test('what intake has no room for is not taken, and may be sent again', async (t) => {
  const { post } = await startApi(t, { pendingMax: 3 });
  const body = Array.from({ length: 5 }, (_, i) => at('a', i + 1));
  const first = await documentIn(ObservationFates, await post(body, PATH));
  assert.deepEqual(first.fates, ['counted', 'counted', 'counted', 'not_taken', 'not_taken']);
  const rest = await documentIn(ObservationFates, await post(body.slice(3), PATH));
  assert.deepEqual(rest.fates, ['counted', 'counted']);
});
