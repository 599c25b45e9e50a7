import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '@humtemp/test-services';
import { Hono } from 'hono';
import { pino } from 'pino';
import { bearer, openTokens, tokenLines } from '../access/access.fixture.js';
import { accessGuard } from '../access/access-guard.js';
import { Admission, type AdmissionOptions } from './admission.js';
import { failureHandler } from './failure.js';
import { startServer } from './server.js';

const MIB = 1024 * 1024;
/** More than the operating system takes of an answer. */
const BIG = 16 * MIB;

async function served(t: TestContext, options: Partial<AdmissionOptions> = {}) {
  const { tokens } = await openTokens(t, tokenLines({ a: { write: true }, b: { write: true } }));
  const admission = new Admission({
    answersMax: 2,
    heldBytesMax: 2 * BIG,
    waitMsMax: 60_000,
    isLight: (path) => path === '/light',
    ...options,
  });
  const seen = { making: 0, makingMax: 0, order: [] as string[] };
  let release = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const app = new Hono();
  app.onError(failureHandler(pino({ level: 'silent' })));
  app.use(accessGuard({ tokens }));
  app.use(admission.middleware());
  app.get('/light', (c) => c.text('light'));
  app.post('/post', (c) => c.text('posted'));
  app.get('/big', (c) => c.body('x'.repeat(BIG)));
  app.get('/half', (c) => c.body('x'.repeat(BIG / 2)));
  app.get('/work', async (c) => {
    seen.order.push(c.get('scope').name!);
    seen.makingMax = Math.max(seen.makingMax, ++seen.making);
    await gate;
    await delay(1);
    seen.making -= 1;
    return c.text('done');
  });
  const server = await startServer(app, { host: '127.0.0.1', port: 0 });
  t.after(() => server.stop(0));
  const url = `http://127.0.0.1:${server.port}`;
  const get = (path: string, name: string, method = 'GET') => fetch(url + path, { method, ...bearer(name) });
  const unread = async (path: string, name: string) => {
    const socket = connect(server.port, '127.0.0.1');
    t.after(() => socket.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.pause();
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${name}-secret\r\n\r\n`);
    return socket;
  };
  return { admission, seen, release: () => release(), get, unread };
}

test('only so many answers are made at a time; what is light, and what is posted, does not wait', async (t) => {
  const { seen, release, get } = await served(t);
  const answers = Array.from({ length: 20 }, () => get('/work', 'a'));
  await until(() => seen.making === 2);
  assert.equal(await (await get('/light', 'a')).text(), 'light');
  assert.equal(await (await get('/post', 'a', 'POST')).text(), 'posted');
  release();
  for (const answer of answers) assert.equal((await answer).status, 200);
  assert.equal(seen.makingMax, 2);
});

test('who asks for little does not wait behind all that another asks for', async (t) => {
  const { admission, seen, release, get } = await served(t);
  const many = Array.from({ length: 30 }, () => get('/work', 'a'));
  await until(() => admission.waiting === 28);
  const one = get('/work', 'b');
  await until(() => admission.waiting === 29);
  release();
  await one;
  await Promise.all(many);
  assert.ok(seen.order.indexOf('b') <= 4, seen.order.join());
});

test('who waits too long for a place is told to come again', async (t) => {
  const { seen, release, get } = await served(t, { waitMsMax: 30 });
  const first = [get('/work', 'a'), get('/work', 'a')];
  await until(() => seen.making === 2);
  const refused = await get('/work', 'b');
  assert.equal(refused.status, 503);
  assert.equal(refused.headers.get('retry-after'), '5');
  assert.match(await refused.text(), /problems\/overloaded/);
  release();
  for (const answer of first) assert.equal((await answer).status, 200);
  assert.equal((await get('/work', 'b')).status, 200);
});

test('answers that nobody reads are bounded in all, and cut for those who read', async (t) => {
  const { admission, get, unread } = await served(t);
  let most = 0;
  const look = setInterval(() => {
    most = Math.max(most, admission.held.bytes);
  }, 5);
  t.after(() => clearInterval(look));
  const sockets = [];
  for (let i = 0; i < 12; i++) sockets.push(await unread('/big', 'a'));
  // Less than a client holds who reads nothing: who holds most loses.
  const answer = await get('/half', 'b');
  assert.equal((await answer.text()).length, BIG / 2);
  assert.ok(admission.held.cut > 0);
  // One that was let in at the limit, for each place.
  assert.ok(most <= 5 * BIG, `${most} bytes`);
  for (const socket of sockets) socket.destroy();
});
