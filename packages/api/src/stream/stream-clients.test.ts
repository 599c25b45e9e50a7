import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@humtemp/test-services';
import { type StreamFixture, startStreams } from './stream.fixture.js';

/** Connects, asks for a stream, and reads nothing until it is resumed. */
async function pausedClient(t: TestContext, url: string, query: string) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.pause();
  socket.write(`GET /stream${query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer all-secret\r\n\r\n`);
  return socket;
}

/** Labs whose ids are as long as they may be: frames that fill what the network holds soon. */
const LABS = Array.from({ length: 1000 }, (_, i) => `slow/${String(i).padStart(45, '0')}`);

/** Commits to all labs in one batch. */
async function commitAll({ api }: StreamFixture, temp: number): Promise<void> {
  for (const lab of LABS) api.intake.receive(lab, Buffer.from(JSON.stringify({ temp })), 'test');
  await api.intake.whenSettled();
}

test('a client that does not read gets the newest state when it does, and holds nobody up', async (t) => {
  const fixture = await startStreams(t, 'feed');
  await commitAll(fixture, 10);
  const slow = await pausedClient(t, fixture.url, '?labs=slow/*');
  const quick = await fixture.listen('?labs=slow/*');
  await quick.labs('snapshot');
  await until(() => fixture.streams.counters().open === 2);
  let rounds = 0;
  // Far more than the network holds for it.
  for (; rounds < 200; rounds++) {
    // Higher each time: so is the average.
    await commitAll(fixture, 10 + rounds / 2);
    await quick.labs('changes');
  }
  let bytes = 0;
  let text = '';
  slow.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    text = (text + chunk.toString('latin1')).slice(-400_000);
  });
  slow.resume();
  const last = await fixture.api.store.latest([LABS[999]!], fixture.api.clock.nowMs);
  const { sum, count } = last[0]!.aggregate.temp;
  const newest = `"lab_id":"${LABS[999]}","avg_temp":${sum / count / 1000}`;
  await until(() => text.includes(newest));
  const frameBytes = LABS.length * 90;
  assert.ok(bytes < (rounds * frameBytes) / 2, `${bytes} bytes of ${rounds} frames`);
  assert.equal(fixture.streams.counters().cut, 0);
});

test('a client that reads nothing for long is cut', async (t) => {
  const fixture = await startStreams(t, 'feed', { stuckMsMax: 50 });
  await commitAll(fixture, 10);
  const slow = await pausedClient(t, fixture.url, '?labs=slow/*');
  await until(() => fixture.streams.counters().open === 1);
  for (let i = 0; fixture.streams.counters().cut === 0; i++) {
    await commitAll(fixture, i % 100);
    await delay(5);
  }
  assert.deepEqual(fixture.streams.counters(), { open: 0, labs: 1000, cut: 1 });
  slow.resume();
  await once(slow, 'close');
});

test('stopping ends the streams, of those who read and of those who do not', async (t) => {
  const fixture = await startStreams(t, 'feed');
  await commitAll(fixture, 10);
  const quick = await fixture.listen('?labs=a');
  await quick.labs('snapshot');
  await pausedClient(t, fixture.url, '?labs=slow/*');
  await until(() => fixture.streams.counters().open === 2);
  for (let i = 0; i < 100; i++) {
    await commitAll(fixture, i);
    await delay(10);
  }
  const late = fixture.listen('?labs=a,b');
  fixture.stopping.abort();
  // It may have been let in before.
  late.catch(() => {});
  // Nothing is left to cut: the grace would outlast the test.
  await fixture.stop(1e9);
  assert.equal(await quick.next(), undefined);
  assert.equal(fixture.streams.counters().open, 0);
});
