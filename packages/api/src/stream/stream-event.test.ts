import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOON_MS, startApi, storeWith, yesterdayS } from '../api.fixture.js';
import { startServer } from '../http/server.js';
import { checker, documentOf, eventsIn } from '../openapi/document.fixture.js';

test('every event of a stream is of its schema, and nothing more', async (t) => {
  const outage = { is: false };
  const fixture = await startApi(t, {
    instead: (store) =>
      storeWith(store, {
        latest: async (labs, nowMs) => {
          if (outage.is) throw new Error('lost');
          return store.latest(labs, nowMs);
        },
      }),
  });
  const check = checker(await documentOf(fixture));
  const at = ['paths', '/stream', 'get', 'responses', '200', 'content', 'text/event-stream', 'schema'];
  await fixture.commit([{ lab: 'a', ms: yesterdayS(1) * 1000, temp: 20 }]);
  const stopping = new AbortController();
  const server = await startServer(fixture.app, { host: '127.0.0.1', port: 0, stopping });
  t.after(() => server.stop(0));
  const events = eventsIn(await fetch(`http://127.0.0.1:${server.port}/stream?labs=a,b`));
  const next = async (name: string) => {
    const { value: event } = await events.next();
    assert.equal(event!.event, name);
    assert.equal(check(at, event), undefined, JSON.stringify(event));
    return event!;
  };
  const snapshot = await next('snapshot');
  assert.equal((snapshot.data as { labs: { current: unknown }[] }).labs[0]!.current, null);
  await fixture.commit([{ lab: 'a', ms: NOON_MS, temp: 20, humidity: 50 }]);
  const changes = await next('changes');
  assert.notEqual((changes.data as { labs: { current: unknown }[] }).labs[0]!.current, null);
  outage.is = true;
  await next('unavailable');
  // The check is one: what an event must not have, and must have, is found.
  assert.notEqual(check(at, { ...changes, more: 1 }), undefined);
  assert.notEqual(check(at, { ...changes, event: 'news' }), undefined);
  assert.notEqual(check(at, { ...snapshot, id: undefined }), undefined);
  await events.return();
});
