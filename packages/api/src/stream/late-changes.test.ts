import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_S, GRID, NOON_MS, startApi } from '../api.fixture.js';
import { startServer } from '../http/server.js';
import { eventsIn } from '../openapi/document.fixture.js';
import { LateChanges } from './late-changes.js';
import { PolledChanges } from './polled-changes.js';

const HOUR_MS = 3_600_000;

test('a stream tells of an observation older than the newest hour that changes the current bucket', async (t) => {
  const { app, commit } = await startApi(t);
  await commit([{ lab: 'a', ms: NOON_MS, temp: 20 }]);
  const stopping = new AbortController();
  const server = await startServer(app, { host: '127.0.0.1', port: 0, stopping });
  t.after(() => server.stop(0));
  const events = eventsIn(await fetch(`http://127.0.0.1:${server.port}/stream?labs=a`));
  const observations = async () => {
    const { value } = await events.next();
    const { labs } = value!.data as { labs: { current: { observations: number } }[] };
    return [value!.event, labs[0]!.current.observations];
  };
  assert.deepEqual(await observations(), ['snapshot', 1]);
  await commit([{ lab: 'a', ms: NOON_MS - 2 * HOUR_MS, temp: 30 }]);
  assert.deepEqual(await observations(), ['changes', 2]);
  await events.return();
});

test('each late observation is noticed once, however many labs are watched; the end of a bucket is none', async (t) => {
  const { store, clock, commit } = await startApi(t, { labsMax: 3000 });
  const labs = Array.from({ length: 2500 }, (_, i) => `lab-${i}`);
  await commit(labs.map((lab) => ({ lab, ms: NOON_MS, temp: 20 })));
  const outage: { error: Error | undefined } = { error: undefined };
  const changes = new LateChanges({
    changes: new PolledChanges({ store, clock: () => clock.nowMs }),
    store: {
      buckets: (labs, ...rest) => {
        if (outage.error !== undefined && labs.includes('lab-2')) throw outage.error;
        return store.buckets(labs, ...rest);
      },
    },
    grid: GRID,
    clock: () => clock.nowMs,
  });
  /** What one round over all labs finds. */
  const round = async () => [...(await changes.take()), ...(await changes.take()), ...(await changes.take())];
  await changes.watch(labs);
  assert.deepEqual(await round(), []);
  await commit(
    ['lab-1', 'lab-1500', 'lab-2499'].map((lab) => ({ lab, ms: NOON_MS - 2 * HOUR_MS, temp: 20 })),
  );
  assert.deepEqual(await round(), ['lab-1', 'lab-1500', 'lab-2499']);
  assert.deepEqual(await round(), []);
  // Of the bucket before the current one, and of a lab that nobody watches any more.
  changes.unwatch(['lab-3']);
  await commit([
    { lab: 'lab-1', ms: NOON_MS - DAY_S * 1000, temp: 20 },
    { lab: 'lab-3', ms: NOON_MS - HOUR_MS, temp: 20 },
  ]);
  assert.deepEqual(await round(), []);

  await commit([
    { lab: 'lab-0', ms: NOON_MS + 1, temp: 20 },
    { lab: 'lab-1', ms: NOON_MS - HOUR_MS, temp: 20 },
  ]);
  outage.error = new Error('out of reach');
  await assert.rejects(changes.take());
  outage.error = undefined;
  assert.deepEqual(new Set([...(await round()), ...(await round())]), new Set(['lab-0', 'lab-1']));

  clock.nowMs += DAY_S * 1000;
  assert.deepEqual(await round(), []);
});
