import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiFailure } from '../api/client.js';
import { Hub, type HubSources, type StreamListener } from './hub.js';
import type { HubMessage, Ledger } from './hub-message.js';
import type { LabsPage, LiveLab } from './lab-report.js';

const AT = '2026-09-22T12:00:00.000Z';
const report = (lab_id: string, timestamp = AT): LiveLab => ({
  lab_id,
  latest: { timestamp, temp: 21, humidity: 50 },
  current: null,
});

/** A page of the list that says the same. */
const listed = (labs: readonly LiveLab[]): LabsPage =>
  ({
    labs: labs.map((lab) => ({
      ...lab,
      name: null,
      group: null,
      metrics: { temp: null, humidity: null },
      limits: { temp: null, humidity: null },
      expected_interval_s: 30,
    })),
    never_heard: [],
    next_cursor: null,
  }) as unknown as LabsPage;

/** A hub whose service, clock and timers are the test's. */
function scene() {
  const state = {
    nowMs: Date.parse(AT),
    opened: 0,
    streamed: undefined as readonly string[] | undefined,
    failure: undefined as ApiFailure | undefined,
    listed: [] as LiveLab[],
    received: 0,
    /** How far the service's clock is ahead. */
    aheadMs: 0,
  };
  let listener: StreamListener | undefined;
  let timers: { atMs: number; action: () => void }[] = [];
  const answer = async <T>(value: () => T) => {
    if (state.failure !== undefined) throw state.failure;
    return value();
  };
  const sources: HubSources = {
    openStream: (given, labs) => {
      state.opened += 1;
      state.streamed = labs;
      listener = given;
      return { close: () => {} };
    },
    ledger: () =>
      answer(
        () =>
          ({ received: state.received, at: new Date(state.nowMs + state.aheadMs).toISOString() }) as Ledger,
      ),
    labs: () => answer(() => listed(state.listed)),
    clock: () => state.nowMs,
    after: (ms, action) => {
      const timer = { atMs: state.nowMs + ms, action };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  return {
    hub: new Hub(sources),
    state,
    stream: () => listener!,
    settle,
    async pass(ms: number) {
      state.nowMs += ms;
      const due = timers.filter(({ atMs }) => atMs <= state.nowMs);
      timers = timers.filter((timer) => !due.includes(timer));
      for (const { action } of due) action();
      await settle();
    },
  };
}

test('a page that joins later has everything at once', async () => {
  const { hub, stream, settle } = scene();
  hub.start();
  await settle();
  stream().onLabs(AT, [report('a'), report('b')]);
  const messages: HubMessage[] = [];
  hub.join((message) => messages.push(message));
  const labs = messages.find((message) => message.kind === 'labs');
  assert.deepEqual(
    labs?.labs.map(({ id }) => id),
    ['a', 'b'],
  );
  assert.ok(messages.some((message) => message.kind === 'link' && message.link.state === 'live'));
  assert.ok(messages.some((message) => message.kind === 'ledger'));
});

test('a lost connection is said at once with its beginning, tried again at growing distances, and found again', async () => {
  const { hub, state, stream, settle, pass } = scene();
  const links: unknown[] = [];
  hub.join((message) => message.kind === 'link' && links.push(message.link));
  hub.start();
  await settle();
  stream().onLabs(AT, [report('a')]);
  const lostMs = state.nowMs;
  stream().onError();
  await pass(1000);
  assert.equal(state.opened, 2);
  stream().onError();
  await pass(1000);
  assert.equal(state.opened, 2);
  await pass(1000);
  assert.equal(state.opened, 3);
  stream().onLabs(AT, []);
  assert.deepEqual(links, [
    { state: 'connecting' },
    { state: 'live' },
    { state: 'lost', sinceMs: lostMs },
    { state: 'live' },
  ]);
});

test('a service whose store is out of reach is not called lost, and what was known stays', async () => {
  const { hub, state, stream, settle, pass } = scene();
  state.listed = [report('a')];
  hub.start();
  await settle();
  stream().onLabs(AT, [report('a')]);
  stream().onUnavailable();
  state.failure = new ApiFailure(503, 'the store does not answer');
  await pass(2000);
  const messages: HubMessage[] = [];
  hub.join((message) => messages.push(message));
  const link = messages.find((message) => message.kind === 'link');
  assert.equal(link?.link.state, 'store_down');
  assert.ok(messages.some((message) => message.kind === 'labs' && message.labs.length === 1));
});

test('a service that refuses streams because its store is out of reach is not called lost', async () => {
  const { hub, state, stream, settle, pass } = scene();
  const links: string[] = [];
  hub.join((message) => message.kind === 'link' && links.push(message.link.state));
  hub.start();
  await settle();
  stream().onLabs(AT, [report('a')]);
  stream().onUnavailable();
  state.failure = new ApiFailure(503, 'the store does not answer');
  stream().onError();
  await pass(1000);
  stream().onError();
  await settle();
  assert.deepEqual(links, ['connecting', 'live', 'store_down']);
  // Then the service goes too.
  state.failure = new ApiFailure(0, 'no answer');
  await pass(2000);
  assert.equal(links.at(-1), 'lost');
});

test('a service that asks for a token is not called lost', async () => {
  const { hub, state, stream, settle } = scene();
  const links: string[] = [];
  hub.join((message) => message.kind === 'link' && links.push(message.link.state));
  state.failure = new ApiFailure(401, 'a token is needed');
  hub.start();
  await settle();
  stream().onError();
  assert.deepEqual(links, ['connecting', 'signed_out']);
});

test('whoever signs in after another finds nothing of what that one saw', async () => {
  const { hub, state, stream, settle } = scene();
  state.listed = [report('a')];
  hub.start();
  await settle();
  stream().onLabs(AT, [report('a')]);
  state.failure = new ApiFailure(401, 'the session has ended');
  hub.retry();
  await settle();
  const messages: HubMessage[] = [];
  hub.join((message) => messages.push(message));
  assert.deepEqual(
    messages.map(({ kind }) => kind),
    ['clock', 'link'],
  );
});

test('the list takes labs away that are gone, and never puts something older in place of what the stream said', async () => {
  const { hub, state, stream, settle } = scene();
  state.listed = [report('a'), report('gone')];
  hub.start();
  await settle();
  const later = '2026-09-22T12:00:05.000Z';
  stream().onLabs(AT, [report('a', later), report('gone')]);
  const messages: HubMessage[] = [];
  hub.join((message) => messages.push(message));
  state.listed = [report('a'), report('b')];
  hub.retry();
  await settle();
  const labs = messages.findLast((message) => message.kind === 'labs');
  assert.ok(labs?.isAll);
  assert.deepEqual(
    labs.labs.map(({ id, atMs }) => [id, new Date(atMs ?? 0).toISOString()]),
    [
      ['a', later],
      ['b', AT],
    ],
  );
});

test('a service of so many labs that it has no stream of them is live as long as its list comes', async () => {
  const { hub, state, stream, settle, pass } = scene();
  state.listed = Array.from({ length: 1001 }, (_, i) => report(`lab-${i}`));
  let link = '';
  hub.join((message) => {
    if (message.kind === 'link') link = message.link.state;
  });
  hub.start();
  stream().onError();
  await settle();
  assert.equal(link, 'live');
  await pass(1000);
  stream().onError();
  await settle();
  assert.equal(link, 'live');
  state.failure = new ApiFailure(0, 'gone');
  stream().onError();
  await settle();
  assert.equal(link, 'lost');
  state.failure = undefined;
  await pass(10_000);
  assert.equal(link, 'live');
});

test('without a stream the ledger says how far the clocks are apart', async () => {
  const { hub, state, stream, settle, pass } = scene();
  state.aheadMs = 90_000;
  state.listed = Array.from({ length: 1001 }, (_, i) => report(`lab-${i}`));
  let aheadMs = 0;
  hub.join((message) => {
    if (message.kind === 'clock') aheadMs = message.aheadMs;
  });
  hub.start();
  stream().onError();
  await settle();
  assert.equal(aheadMs, 90_000);
  state.aheadMs = -5000;
  for (let i = 0; i < 10; i++) await pass(2000);
  assert.equal(aheadMs, -5000);
});

test('of too many labs for one stream, those that somebody looks at have one', async () => {
  const { hub, state, stream, settle, pass } = scene();
  state.listed = Array.from({ length: 1001 }, (_, i) => report(`lab-${i}`));
  const seen = new Map<string, number | undefined>();
  const listen = (message: HubMessage) => {
    if (message.kind === 'labs') for (const { id, atMs } of message.labs) seen.set(id, atMs);
  };
  const one = hub.join(listen);
  const other = hub.join(() => {});
  hub.start();
  stream().onError();
  await settle();
  one.watch(['lab-7', 'lab-3', 'not-known']);
  other.watch(['lab-3', 'lab-9']);
  await pass(300);
  assert.deepEqual(state.streamed, ['lab-3', 'lab-7', 'lab-9']);
  const later = '2026-09-22T12:00:05.000Z';
  stream().onLabs(later, [report('lab-7', later)]);
  assert.equal(seen.get('lab-7'), Date.parse(later));
  // The same again opens nothing.
  const { opened } = state;
  other.watch(['lab-9']);
  other.watch(['lab-9', 'lab-3']);
  await pass(300);
  assert.equal(state.opened, opened);
  other.leave();
  await pass(300);
  assert.deepEqual(state.streamed, ['lab-3', 'lab-7']);
  // Of few labs there is one stream of all.
  state.listed = state.listed.slice(0, 10);
  await pass(10_000);
  await pass(300);
  assert.equal(state.streamed, undefined);
});
