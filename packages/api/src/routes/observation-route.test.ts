import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imbalance, REJECTION_ADVICE, type RejectionReason, rejectedTotal } from '@humtemp/bucket-core';
import { HeldStore } from '@humtemp/test-services';
import { startApi, yesterdayS } from '../api.fixture.js';
import type { Problem } from '../http/problem.js';

const observation = { lab_id: 'lab01', timestamp: yesterdayS(1), temp: 20, humidity: 50 };
const without = (field: keyof typeof observation) => ({ ...observation, [field]: undefined });

test('an observation is in the store once it is answered, and counted once when it is sent again', async (t) => {
  const { post, intake, store, clock } = await startApi(t);
  for (const fate of ['committed', 'duplicate'] as const) {
    const response = await post(observation);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.equal(await response.text(), 'null');
    assert.equal(intake.ledger.counters()[fate], 1);
    assert.equal((await store.latest(['lab01'], clock.nowMs))[0]?.aggregate.observations, 1);
  }
});

test('a timestamp, one of the values and the media type may be missing; what is unknown is ignored', async (t) => {
  const { post, intake } = await startApi(t);
  for (const body of [
    without('timestamp'),
    without('temp'),
    without('humidity'),
    { ...observation, timestamp: '2026-09-21T01:00:00+02:00', battery: 3.1 },
    { ...observation, lab_id: 'floor-2/room-7', sensor: 'bme280-3' },
    new TextEncoder().encode(JSON.stringify({ ...observation, temp: 21 })),
  ])
    assert.equal((await post(body)).status, 200, JSON.stringify(body));
  assert.equal(intake.ledger.counters().committed, 6);
});

test('what is not an observation is answered with the reason, and counted once', async (t) => {
  const cases: [body: unknown, status: number, reason: RejectionReason][] = [
    ['', 400, 'not_json'],
    ['{', 400, 'not_json'],
    ['lab_id=lab01&temp=20', 400, 'not_json'],
    [`${JSON.stringify(observation)}${JSON.stringify(observation)}`, 400, 'not_json'],
    ['['.repeat(900), 400, 'not_json'],
    [Buffer.from([0xff, 0xfe]), 400, 'not_utf8'],
    [Buffer.from('{"lab_id":"lab01","temp":20,"sensor":"\xe9"}', 'latin1'), 400, 'not_utf8'],
    [Buffer.from('{"temp":20,"x":"\xe9"}', 'latin1'), 422, 'lab_id'],
    // Whoever posts gets an answer: a metric that is wrong takes the other one with it.
    [{ ...observation, temp: 300 }, 422, 'temp'],
    ['null', 422, 'not_an_object'],
    ['true', 422, 'not_an_object'],
    ['1', 422, 'not_an_object'],
    ['"x"', 422, 'not_an_object'],
    ['[]', 422, 'not_an_object'],
    ['[1,2,3]', 422, 'not_an_object'],
    [[observation], 422, 'not_an_object'],
    [[observation, observation], 422, 'not_an_object'],
    [`${'['.repeat(400)}${']'.repeat(400)}`, 422, 'not_an_object'],
    ['{}', 422, 'lab_id'],
    [without('lab_id'), 422, 'lab_id'],
    [{ ...observation, lab_id: '' }, 422, 'lab_id'],
    [{ ...observation, lab_id: null }, 422, 'lab_id'],
    [{ ...observation, lab_id: 1 }, 422, 'lab_id'],
    [{ ...observation, lab_id: ['lab01'] }, 422, 'lab_id'],
    [{ ...observation, lab_id: 'x'.repeat(201) }, 422, 'lab_id'],
    [{ ...observation, lab_id: 'lab 01' }, 422, 'lab_id'],
    [{ ...observation, lab_id: 'lab01\n' }, 422, 'lab_id'],
    [{ ...observation, lab_id: '{lab01}' }, 422, 'lab_id'],
    ['{"__proto__":{"lab_id":"lab01"},"temp":20}', 422, 'lab_id'],
    [{ lab_id: 'lab01' }, 422, 'no_value'],
    [{ ...observation, temp: '20' }, 422, 'temp'],
    ['{"lab_id":"lab01","temp":1e400}', 422, 'temp'],
    [{ ...observation, temp: -273.16 }, 422, 'temp'],
    [{ ...observation, humidity: 100.1 }, 422, 'humidity'],
    [{ ...observation, sensor: 'x'.repeat(51) }, 422, 'sensor'],
    [{ ...observation, timestamp: '2026-09-21T01:00:00' }, 422, 'timestamp'],
    [{ ...observation, timestamp: 1e21 }, 422, 'timestamp'],
    [{ ...observation, timestamp: yesterdayS(1) + 2 * 86_400 }, 422, 'future'],
    [{ ...observation, timestamp: 0 }, 422, 'expired'],
    [{ ...observation, x: 'x'.repeat(1000) }, 413, 'payload_too_large'],
    ['x'.repeat(1001), 413, 'payload_too_large'],
    [`${JSON.stringify(observation)}${' '.repeat(1000)}`, 413, 'payload_too_large'],
    ['x'.repeat(1_000_000), 413, 'payload_too_large'],
  ];
  const { post, intake } = await startApi(t);
  for (const [i, [body, status, reason]] of cases.entries()) {
    const text = JSON.stringify(body).slice(0, 100);
    const before = intake.ledger.counters().rejected[reason] ?? 0;
    const response = await post(body);
    assert.equal(response.headers.get('content-type'), 'application/problem+json');
    const problem = (await response.json()) as Problem;
    assert.deepEqual(
      [response.status, problem.reason, problem.type, problem.detail],
      [status, reason, '/problems/rejected', REJECTION_ADVICE[reason]],
      text,
    );
    const after = intake.ledger.counters();
    assert.equal(after.received, i + 1, text);
    assert.equal(rejectedTotal(after), i + 1, text);
    assert.equal(after.rejected[reason], before + 1, text);
  }
  assert.equal(imbalance(intake.ledger.counters()), 0);
});

test('what some devices send around or beside an observation does no harm', async (t) => {
  const { post, intake } = await startApi(t);
  const text = JSON.stringify(observation);
  for (const body of [`\uFEFF${text}`, `${text}\0`, Buffer.from(`{"x":"\xe9",${text.slice(1)}`, 'latin1')])
    assert.equal((await post(body)).status, 200);
  assert.deepEqual([intake.ledger.counters().committed, intake.ledger.counters().duplicate], [1, 2]);
});

test('a body without a length is read no further than the limit', async (t) => {
  const { app, intake } = await startApi(t);
  let chunks = 0;
  const body = new ReadableStream({
    pull(controller) {
      chunks += 1;
      controller.enqueue(new Uint8Array(500));
    },
  });
  const response = await app.request('/observation', { method: 'POST', body, duplex: 'half' } as RequestInit);
  assert.equal(response.status, 413);
  assert.ok(chunks < 10, `${chunks} chunks`);
  assert.equal(intake.ledger.counters().rejected.payload_too_large, 1);
});

test('a body that ends too early is a 400 problem, and was not received', async (t) => {
  const { app, intake } = await startApi(t);
  const body = new ReadableStream({ pull: (controller) => controller.error(new Error('gone')) });
  const response = await app.request('/observation', { method: 'POST', body, duplex: 'half' } as RequestInit);
  assert.equal(response.status, 400);
  assert.equal(intake.ledger.counters().received, 0);
});

test('a new lab beyond the limit is refused once its commit is known, and a known one is not', async (t) => {
  const { post, intake } = await startApi(t, { labsMax: 1 });
  assert.equal((await post(observation)).status, 200);
  const refused = await post({ ...observation, lab_id: 'lab02' });
  assert.equal(refused.status, 422);
  assert.equal(((await refused.json()) as Problem).reason, 'too_many_labs');
  assert.equal((await post({ ...observation, temp: 21 })).status, 200);
  assert.deepEqual(intake.ledger.counters().rejected, { too_many_labs: 1 });
});

test('of labs that are committed together only the refused one is told so', async (t) => {
  const { post } = await startApi(t, { labsMax: 1 });
  const responses = await Promise.all(
    ['lab01', 'lab02', 'lab01'].map((lab_id, i) => post({ ...observation, lab_id, temp: i })),
  );
  assert.deepEqual(
    responses.map((response) => response.status),
    [200, 422, 200],
  );
});

test('a store that does not commit in time gives a 503 problem; sent again, it is counted once', async (t) => {
  const { post, intake, store } = await startApi(t, { storeTimeoutMs: 20 });
  const held = new HeldStore(store);
  held.hold();
  for (let i = 0; i < 2; i++) {
    const response = await post(observation);
    assert.equal(response.status, 503);
    assert.equal(response.headers.get('retry-after'), '5');
    const problem = (await response.json()) as Problem;
    assert.equal(problem.type, '/problems/not-committed');
    assert.match(problem.detail, /may still be counted.*same timestamp is safe/);
  }
  assert.equal(intake.ledger.counters().in_flight, 2);
  held.release();
  await intake.whenSettled();
  const { received, committed, duplicate, in_flight } = intake.ledger.counters();
  assert.deepEqual(
    { received, committed, duplicate, in_flight },
    {
      received: 2,
      committed: 1,
      duplicate: 1,
      in_flight: 0,
    },
  );
});

test('while too many await their commit an observation is not taken', async (t) => {
  const { post, intake, store } = await startApi(t, { pendingMax: 1 });
  const held = new HeldStore(store);
  held.hold();
  const first = post(observation);
  while (!intake.isFull) await new Promise((resolve) => setTimeout(resolve, 1));
  const response = await post({ ...observation, temp: 21 });
  assert.equal(response.status, 503);
  assert.equal(response.headers.get('retry-after'), '1');
  assert.equal(((await response.json()) as Problem).type, '/problems/busy');
  assert.equal(intake.ledger.counters().received, 1);
  held.release();
  assert.equal((await first).status, 200);
});
