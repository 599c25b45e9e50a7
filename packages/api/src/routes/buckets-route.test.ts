import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LabBucket, Store } from '@humtemp/bucket-core';
import { pause, until } from '@humtemp/test-services';
import { bearer, openTokens, tokenLines } from '../access/access.fixture.js';
import { documentIn, type FixtureOptions, NOON_MS, startApi, storeWith, yesterdayS } from '../api.fixture.js';
import { startServer } from '../http/server.js';
import { BucketsOfLabs } from './buckets-route.js';

const YESTERDAY = { start: '2026-09-21T00:00:00.000Z', end: '2026-09-22T00:00:00.000Z' };

async function twoLabs(t: TestContext, options: FixtureOptions = {}) {
  const fixture = await startApi(t, options);
  await fixture.commit([
    { lab: 'a/1', ms: yesterdayS(1) * 1000, temp: 20, humidity: 40 },
    { lab: 'a/1', ms: yesterdayS(2) * 1000, temp: 23 },
    { lab: 'b', ms: yesterdayS(3) * 1000, humidity: 50 },
    { lab: 'b', ms: NOON_MS, humidity: 99 },
  ]);
  return fixture;
}

test('a bucket of all labs is one JSON document', async (t) => {
  const { get } = await twoLabs(t);
  const response = await get('/buckets?temp=20..22');
  assert.equal(response.headers.get('content-type'), 'application/json');
  const { buckets, ...head } = await documentIn(BucketsOfLabs, response);
  assert.deepEqual(head, { resolution: '1d', ...YESTERDAY, complete: true });
  buckets.sort((a, b) => (a.lab_id < b.lab_id ? -1 : 1));
  assert.deepEqual(
    buckets.map(({ lab_id, start, end, observations, temp, humidity }) => [
      lab_id,
      { start, end },
      observations,
      temp?.avg,
      temp?.in_range,
      humidity?.avg,
    ]),
    [
      ['a/1', YESTERDAY, 2, 21.5, 0.5, 40],
      ['b', YESTERDAY, 1, undefined, undefined, 50],
    ],
  );
});

test('a bucket is named by its offset or a time within it, in any resolution', async (t) => {
  const { get } = await twoLabs(t);
  const found = async (query: string) => {
    const { resolution, start, buckets } = await documentIn(BucketsOfLabs, await get(`/buckets?${query}`));
    return [resolution, start.slice(0, 13), buckets.map((bucket) => bucket.lab_id).sort()];
  };
  assert.deepEqual(await found('offset=0'), ['1d', '2026-09-22T00', ['b']]);
  assert.deepEqual(await found('offset=-2'), ['1d', '2026-09-20T00', []]);
  assert.deepEqual(await found('offset=1000'), ['1d', '2029-06-18T00', []]);
  assert.deepEqual(await found('start=2026-09-21T23:59:59Z'), ['1d', '2026-09-21T00', ['a/1', 'b']]);
  assert.deepEqual(await found(`start=${yesterdayS(1.5)}&resolution=1h`), ['1h', '2026-09-21T01', ['a/1']]);
  assert.deepEqual(await found('offset=0&resolution=1h'), ['1h', '2026-09-22T12', ['b']]);
  for (const query of [
    'offset=0&start=0',
    'offset=1e3',
    'offset=9007199254740991',
    'offset=-9007199254740991',
    'start=-99999999999',
    'start=253402300799',
    'resolution=2h',
    'format=xml',
  ])
    assert.equal((await get(`/buckets?${query}`)).status, 400, query);
});

test('the form is chosen by Accept or by format', async (t) => {
  const { get } = await twoLabs(t);
  const lines = (text: string) => text.split(/\r?\n/).slice(0, -1);
  for (const [query, accept] of [
    ['', 'application/x-ndjson'],
    ['?format=ndjson', 'text/csv'],
  ] as const) {
    const response = await get(`/buckets${query}`, { accept });
    assert.equal(response.headers.get('content-type'), 'application/x-ndjson');
    assert.match(response.headers.get('vary')!, /Accept/);
    const rows = lines(await response.text()).map((line) => JSON.parse(line) as { lab_id: string });
    assert.deepEqual(rows.map((row) => row.lab_id).sort(), ['a/1', 'b']);
  }
  const csv = await get('/buckets?format=csv');
  assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
  const [header, ...rows] = lines(await csv.text()).map((line) => line.split(','));
  const b = rows.find(([lab]) => lab === 'b')!;
  const value = (column: string) => b[header!.indexOf(column)];
  assert.equal(b.length, header!.length);
  assert.deepEqual(
    [
      'observations',
      'complete',
      'temp_count',
      'temp_avg',
      'humidity_avg',
      'humidity_p50',
      'humidity_in_range',
    ].map(value),
    ['1', 'true', '', '', '50', '50', ''],
  );
  const empty = await get('/buckets?offset=-2&format=csv');
  assert.equal(lines(await empty.text()).length, 1);
  const refused = await get('/buckets', { accept: 'text/html' });
  assert.equal(refused.status, 406);
  assert.equal(refused.headers.get('content-type'), 'application/problem+json');
});

/** Ids that compress badly. */
const randomLab = () => randomBytes(36).toString('base64url');

/** A store of so many pages, of which one may fail; and how many were read. */
function pagedStore(store: Store, pages: number, failing?: number) {
  const read = { pages: 0, ended: 0 };
  const paged = storeWith(store, {
    async *buckets(_labs, resolution, startS, nowMs) {
      let bucket: LabBucket | undefined;
      for await (const [first] of store.buckets('all', resolution, startS, nowMs)) bucket ??= first;
      try {
        for (let page = 0; page < pages; page++) {
          if (page === failing) throw new Error('connection to 10.1.2.3 lost');
          read.pages += 1;
          await nextTurn();
          yield Array.from({ length: 500 }, () => ({ ...bucket!, lab: randomLab() }));
        }
      } finally {
        read.ended += 1;
      }
    },
  });
  return { paged, read };
}

async function servedPages(
  t: TestContext,
  pages: number,
  { failing, ...options }: FixtureOptions & { readonly failing?: number } = {},
) {
  let read = { pages: 0, ended: 0 };
  const fixture = await twoLabs(t, {
    ...options,
    instead: (store) => {
      const made = pagedStore(store, pages, failing);
      read = made.read;
      return made.paged;
    },
  });
  const server = await startServer(fixture.app, { host: '127.0.0.1', port: 0 });
  t.after(() => server.stop(0));
  return { ...fixture, server, read, url: `http://127.0.0.1:${server.port}/buckets` };
}

/** Answers that nobody reads, kept so that no garbage collection ends them. */
function unread(t: TestContext) {
  const client = new AbortController();
  const answers: Response[] = [];
  t.after(() => client.abort());
  const statusOf = async (url: string) => {
    const answer = await fetch(url, { signal: client.signal });
    answers.push(answer);
    return answer.status;
  };
  return { statusOf, answers };
}

test('a store that fails in the middle breaks the connection, in every form', async (t) => {
  const { url, get, read, logged } = await servedPages(t, 10, { failing: 3 });
  for (const format of ['json', 'ndjson', 'csv'])
    for (const encoding of ['identity', 'gzip']) {
      const response = await fetch(`${url}?format=${format}`, { headers: { 'accept-encoding': encoding } });
      assert.equal(response.status, 200);
      await assert.rejects(response.text(), `${format} ${encoding}`);
    }
  // And the answer itself, where there is no connection to cut.
  await assert.rejects((await get('/buckets')).text());
  assert.equal(read.ended, 7);
  const warnings = logged.filter((line) => line.level === 40);
  assert.equal(warnings.length, 7);
  assert.match(JSON.stringify(warnings[0]), /10\.1\.2\.3/);
});

test('a store that hangs in the middle breaks the connection in time', async (t) => {
  const fixture = await twoLabs(t, {
    storeTimeoutMs: 50,
    instead: (store) =>
      storeWith(store, {
        async *buckets(_labs, resolution, startS, nowMs) {
          yield* store.buckets('all', resolution, startS, nowMs);
          await new Promise(() => {});
        },
      }),
  });
  const server = await startServer(fixture.app, { host: '127.0.0.1', port: 0 });
  t.after(() => server.stop(0));
  const response = await fetch(`http://127.0.0.1:${server.port}/buckets`);
  assert.equal(response.status, 200);
  await assert.rejects(response.text());
});

test('many labs come whole, compressed or not', async (t) => {
  const { url } = await servedPages(t, 40);
  const whole = (await (await fetch(url)).json()) as BucketsOfLabs;
  assert.equal(new Set(whole.buckets.map((bucket) => bucket.lab_id)).size, 20_000);
  const csv = await (await fetch(`${url}?format=csv`, { headers: { 'accept-encoding': 'gzip' } })).text();
  assert.equal(csv.split('\r\n').length, 20_002);
});

test('no more is read than the client takes, and what it leaves is let go', async (t) => {
  const { server, read } = await servedPages(t, 100_000);
  for (const encoding of ['identity', 'gzip']) {
    read.pages = 0;
    const ended = read.ended;
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(`GET /buckets HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: ${encoding}\r\n\r\n`);
    await once(socket, 'readable');
    let before = -1;
    // Until nothing is read any more.
    while (read.pages !== before) {
      before = read.pages;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    assert.ok(read.pages < 1000, `${encoding}: ${read.pages} pages`);
    socket.destroy();
    while (read.ended === ended) await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

test('a client that goes away while a page is read is no failure of the store', async (t) => {
  for (const fails of [false, true]) {
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let isAsked = false;
    const { get, logged } = await twoLabs(t, {
      instead: (store) =>
        storeWith(store, {
          async *buckets(_labs, resolution, startS, nowMs) {
            yield* store.buckets('all', resolution, startS, nowMs);
            isAsked = true;
            await held;
            if (fails) throw new Error('lost');
            yield* store.buckets('all', resolution, startS, nowMs);
          },
        }),
    });
    const reader = (await get('/buckets')).body!.getReader();
    let last = reader.read();
    // The store may have several pages.
    while (!isAsked && (await Promise.race([last.then(() => true), until(() => isAsked)])) === true)
      last = reader.read();
    const cancelled = reader.cancel();
    release();
    await Promise.all([last, cancelled]);
    assert.deepEqual(
      logged.filter((line) => (line.level as number) >= 40),
      [],
    );
  }
});

test('the first rows are there before the last are read', async (t) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { get } = await twoLabs(t, {
    instead: (store) =>
      storeWith(store, {
        async *buckets(_labs, resolution, startS, nowMs) {
          yield* store.buckets('all', resolution, startS, nowMs);
          await held;
        },
      }),
  });
  const reader = (await get('/buckets')).body!.getReader();
  let text = '';
  const more = async () => {
    const { value, done } = await reader.read();
    text += new TextDecoder().decode(value);
    return !done;
  };
  while (!text.includes('"lab_id":"a/1"')) await more();
  assert.match(text, /^\{"resolution":"1d",/);
  assert.doesNotMatch(text, /\]\}$/);
  release();
  while (await more());
  assert.match(text, /\]\}$/);
});

test('beyond the limit of answers under way another one is a 429 problem', async (t) => {
  const { get, app } = await twoLabs(t, { heavyAnswersMax: 2 });
  const open = [await get('/buckets'), await get('/buckets?format=csv')];
  for (const path of ['/buckets', '/summaries']) {
    const refused = await get(path);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers.get('retry-after'), '1');
  }
  await open[0]!.text();
  // One that is not read takes no place, nor does one that fails.
  for (let i = 0; i < 3; i++) assert.equal((await app.request('/buckets', { method: 'HEAD' })).status, 200);
  for (let i = 0; i < 3; i++) assert.equal((await get('/buckets?resolution=2h')).status, 400);
  assert.equal((await get('/summaries')).status, 200);
  await open[1]!.body!.cancel();
  const again = [await get('/buckets'), await get('/buckets')];
  assert.deepEqual(
    again.map((response) => response.status),
    [200, 200],
  );
});

test('a client that asks many times at once and hangs up gives all places back', async (t) => {
  const { url } = await servedPages(t, 100_000, { heavyAnswersMax: 8 });
  const { hostname, port, pathname } = new URL(url);
  const sockets = [0, 1, 2, 3].map(() => connect(Number(port), hostname));
  for (const socket of sockets) {
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(4));
    await once(socket, 'data');
    socket.pause();
  }
  assert.equal((await fetch(url)).status, 429);
  for (const socket of sockets) socket.destroy();
  const { statusOf } = unread(t);
  const status = () => statusOf(url);
  while ((await status()) === 429) await pause(10);
  for (let i = 0; i < 3; i++) assert.equal(await status(), 200);
  assert.equal(await status(), 429);
});

test('one client takes at most half of the places with answers that it does not read', async (t) => {
  const { url } = await servedPages(t, 100_000, { heavyAnswersMax: 4 });
  const { statusOf } = unread(t);
  assert.deepEqual([await statusOf(url), await statusOf(url)], [200, 200]);
  const refused = await fetch(url);
  assert.equal(refused.status, 429);
  assert.match(((await refused.json()) as { detail: string }).detail, /^2 answers/);
  assert.equal((await fetch(url.replace('/buckets', '/summaries'))).status, 200);

  const { tokens } = await openTokens(t, tokenLines({ slow: {}, other: {} }));
  const { get } = await twoLabs(t, { heavyAnswersMax: 4, tokens });
  const status = async (name: string) => (await get('/buckets', bearer(name).headers)).status;
  for (const [name, expected] of [
    ['slow', 200],
    ['slow', 200],
    ['slow', 429],
    ['other', 200],
    ['other', 200],
    ['other', 429],
  ] as const)
    assert.equal(await status(name), expected, name);
});
