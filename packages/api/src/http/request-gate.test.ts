import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { until } from '@humtemp/test-services';
import { Hono } from 'hono';
import { startServer } from './server.js';

const GET = (path: string, close = false) =>
  `GET ${path} HTTP/1.1\r\nHost: x\r\n${close ? 'Connection: close\r\n' : ''}\r\n`;
const POST = (body: string, close = false) =>
  `POST /echo HTTP/1.1\r\nHost: x\r\n${close ? 'Connection: close\r\n' : ''}Content-Length: ${body.length}\r\n\r\n${body}`;
const CHUNKED = (...chunks: readonly string[]) =>
  `POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join('')}0\r\n\r\n`;

/** A server that counts how many requests it works on, and in which turns of the event loop it began them. */
async function started(t: TestContext, hold: Promise<void> = Promise.resolve()) {
  const begun: { readonly path: string; readonly turn: number }[] = [];
  const seen = { working: 0, workingMax: 0 };
  let turn = 0;
  let isCounting = true;
  const count = () => {
    turn += 1;
    if (isCounting) setImmediate(count);
  };
  count();
  const app = new Hono();
  app.use(async (c, next) => {
    begun.push({ path: c.req.path, turn });
    seen.workingMax = Math.max(seen.workingMax, ++seen.working);
    await hold;
    await nextTurn();
    await next();
    seen.working -= 1;
  });
  app.post('/echo', async (c) => c.text(`<${await c.req.text()}>`));
  app.get('/unread', (c) => c.body('x'.repeat(20_000_000)));
  app.get('/:name', (c) => c.text(`<${c.req.param('name')}>`));
  const server = await startServer(app, { host: '127.0.0.1', port: 0 });
  t.after(async () => {
    isCounting = false;
    await server.stop(0);
  });
  const open = async (): Promise<Socket> => {
    const socket = connect(server.port, '127.0.0.1');
    socket.on('error', () => {});
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return socket;
  };
  return { open, begun, seen };
}

const bodies = (answer: string) => [...answer.matchAll(/<(.*?)>/gs)].map(([, body]) => body);

test('requests that are pipelined begin one after the other, each in a turn of its own', async (t) => {
  const { open, begun, seen } = await started(t);
  const socket = await open();
  const names = Array.from({ length: 200 }, (_, i) => `n${i}`);
  socket.write(names.map((name) => GET(`/${name}`)).join('') + GET('/last', true));
  assert.deepEqual(bodies(await text(socket)), [...names, 'last']);
  assert.equal(seen.workingMax, 1);
  assert.equal(new Set(begun.map(({ turn }) => turn)).size, begun.length);
});

test('requests behind one that is in work are not read', async (t) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const { open, begun } = await started(t, held);
  const socket = await open();
  const count = 300_000;
  socket.write(GET('/a').repeat(count));
  await until(() => begun.length === 1);
  // Far more than the operating system holds for both sides.
  let left = socket.writableLength;
  for (let same = 0; same < 20; ) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    same = left === socket.writableLength ? same + 1 : 0;
    left = socket.writableLength;
  }
  assert.equal(begun.length, 1);
  assert.ok(left > (GET('/a').length * count) / 4, `${left} bytes are not read`);
  release();
  socket.destroy();
});

test('bodies and requests behind them are told apart, however their bytes are cut', async (t) => {
  const { open, seen } = await started(t);
  const long = 'z'.repeat(100_000);
  const requests = [
    POST('one'),
    GET('/two'),
    CHUNKED('th', 'ree'),
    CHUNKED('y'.repeat(1000)),
    POST(''),
    POST('a\r\n\r\nGET /b HTTP/1.1\r\n\r\n'),
    POST(long),
    GET('/three'),
    POST('last', true),
  ].join('');
  const expected = [
    'one',
    'two',
    'three',
    'y'.repeat(1000),
    '',
    'a\r\n\r\nGET /b HTTP/1.1\r\n\r\n',
    long,
    'three',
    'last',
  ];
  for (const size of [1_000_000, 65_536, 997, 61, 7]) {
    const socket = await open();
    const answer = text(socket);
    for (let i = 0; i < requests.length; i += size) {
      if (!socket.write(requests.slice(i, i + size))) await once(socket, 'drain');
      if (i % (size * 50) === 0) await nextTurn();
    }
    assert.deepEqual(bodies(await answer), expected, `pieces of ${size}`);
  }
  assert.equal(seen.workingMax, 1);
});

test('nothing begins behind an answer that is not read', async (t) => {
  const { open, begun } = await started(t);
  const socket = await open();
  socket.pause();
  socket.write(GET('/unread') + GET('/behind').repeat(100));
  await until(() => begun.length === 1);
  for (let i = 0; i < 50; i++) await nextTurn();
  assert.equal(begun.length, 1);
});
