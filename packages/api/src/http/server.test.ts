import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Hono } from 'hono';
import { startApi } from '../api.fixture.js';
import { type RunningServer, type ServerOptions, startServer } from './server.js';

const HOST = '127.0.0.1';

async function startedServer(t: TestContext, app: Hono, options: Partial<ServerOptions> = {}) {
  const server = await startServer(app, { host: HOST, port: 0, ...options });
  t.after(() => server.stop(0));
  return server;
}

async function connected(server: RunningServer): Promise<Socket> {
  const socket = connect(server.port, HOST);
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Everything that the server says to these bytes until it ends the connection. */
async function exchange(server: RunningServer, bytes: string): Promise<string> {
  const socket = await connected(server);
  socket.write(bytes, 'latin1');
  return text(socket);
}

test('the API answers over a socket', async (t) => {
  const { app } = await startApi(t);
  const server = await startedServer(t, app);
  const url = `http://${HOST}:${server.port}`;
  const body = JSON.stringify({ lab_id: 'floor-2/room-7', temp: 20, humidity: 50 });
  const posted = await fetch(`${url}/observation`, { method: 'POST', body });
  assert.equal(posted.status, 200);
  assert.equal(await posted.text(), 'null');
  for (const path of ['/labs/floor-2/room-7', '/labs/floor-2%2Froom-7'])
    assert.equal((await fetch(url + path)).status, 200);
  assert.equal((await fetch(`${url}/labs`, { method: 'HEAD' })).status, 200);
});

test('a body beyond the limit is refused over a socket, with or without a length', async (t) => {
  const { app, intake } = await startApi(t);
  const server = await startedServer(t, app);
  const url = `http://${HOST}:${server.port}/observation`;
  const big = new Uint8Array(1_000_000);
  assert.equal((await fetch(url, { method: 'POST', body: big })).status, 413);
  const body = new Blob([big]).stream();
  const chunked = await fetch(url, { method: 'POST', body, duplex: 'half' } as RequestInit);
  assert.equal(chunked.status, 413);
  assert.equal(intake.ledger.counters().rejected.payload_too_large, 2);
});

test('a client that leaves in the middle of its body was not received', async (t) => {
  const { app, intake, logged } = await startApi(t);
  const server = await startedServer(t, app);
  const socket = await connected(server);
  socket.write('POST /observation HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"lab_id":');
  await delay(50);
  socket.destroy();
  while (logged.length === 0) await delay(5);
  assert.equal(intake.ledger.counters().received, 0);
  assert.ok(logged.every((line) => (line.level as number) < 40));
});

test('what is not valid HTTP is answered with a problem, and others are served on', async (t) => {
  const { app } = await startApi(t);
  const server = await startedServer(t, app);
  const close = 'Connection: close\r\n\r\n';
  const cases: [bytes: string, status: number][] = [
    ['hello\r\n\r\n', 400],
    ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00', 400],
    [`GET /livez HTTP/1.1\r\n${close}`, 400],
    [`GET /livez HTTP/1.1\r\nHost:\r\n${close}`, 400],
    [`GET http://x/livez HTTP/1.1\r\n${close}`, 400],
    ['GET /livez HTTP/1.0\r\n\r\n', 200],
    ['GET /livez HTTP/1.0\r\nHost: a b\r\n\r\n', 400],
    ['GET /buckets?format=csv HTTP/1.0\r\n\r\n', 200],
    [`GET /livez HTTP/1.1\r\nHost: a b\r\n${close}`, 400],
    [`GET /livez HTTP/1.1\r\nHost: a/b?c\r\n${close}`, 400],
    [`GET livez HTTP/1.1\r\nHost: localhost\r\n${close}`, 400],
    [`GET /a\\..\\livez HTTP/1.1\r\nHost: localhost\r\n${close}`, 400],
    [`GET /labs/%E0%A4%A HTTP/1.1\r\nHost: localhost\r\n${close}`, 400],
    [`GET /livez HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n${close}`, 431],
    [
      `POST /observation HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n${close}0\r\n\r\n`,
      400,
    ],
    [`TRACE /livez HTTP/1.1\r\nHost: localhost\r\n${close}`, 405],
    [`GET //livez HTTP/1.1\r\nHost: localhost\r\n${close}`, 404],
    [`GET /labs/%2e%2e/livez HTTP/1.1\r\nHost: localhost\r\n${close}`, 200],
  ];
  for (const [bytes, status] of cases) {
    const answer = await exchange(server, bytes);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), JSON.stringify(bytes.slice(0, 80)));
    if (status !== 200) assert.match(answer, /content-type: application\/problem\+json/i, answer);
  }
  assert.equal((await fetch(`http://${HOST}:${server.port}/livez`)).status, 200);
});

test('a taken port is an error with its code', async (t) => {
  const server = await startedServer(t, new Hono());
  await assert.rejects(startServer(new Hono(), { host: HOST, port: server.port }), { code: 'EADDRINUSE' });
});

test('an address that is not ours is an error with its code', async () => {
  await assert.rejects(startServer(new Hono(), { host: '192.0.2.1', port: 0 }), { code: 'EADDRNOTAVAIL' });
});

test('connections beyond the limit are closed', async (t) => {
  const server = await startedServer(t, new Hono(), { connectionsMax: 1 });
  const first = await connected(server);
  assert.equal(await text(await connected(server)), '');
  first.destroy();
});

test('stopping closes connections that await nothing at once', async (t) => {
  const { app } = await startApi(t);
  const server = await startedServer(t, app);
  const silent = await connected(server);
  const halfRequest = await connected(server);
  halfRequest.write('GET /livez HTTP/1.1\r\nHost:');
  const keptAlive = await connected(server);
  keptAlive.write('GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(keptAlive, 'data');
  const startMs = performance.now();
  const closed = [silent, halfRequest, keptAlive].map((socket) => once(socket.resume(), 'close'));
  await server.stop(10_000);
  await Promise.all(closed);
  assert.ok(performance.now() - startMs < 2000);
});

test('stopping lets a request in flight end, and takes no other', async (t) => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const app = new Hono().get('/slow', async (c) => {
    await held;
    return c.text('done');
  });
  const server = await startedServer(t, app);
  const socket = await connected(server);
  const answer = text(socket);
  socket.write('GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await delay(50);
  const stopped = server.stop(10_000);
  await assert.rejects(fetch(`http://${HOST}:${server.port}/slow`));
  release();
  assert.match(await answer, /^HTTP\/1.1 200 [\s\S]*done$/);
  await stopped;
});

test('stopping tells answers that would never end', async (t) => {
  const stopping = new AbortController();
  const app = new Hono().get('/endless', (c) =>
    c.body(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('begun'));
          stopping.signal.addEventListener('abort', () => controller.close());
        },
      }),
    ),
  );
  const server = await startedServer(t, app, { stopping });
  const response = await fetch(`http://${HOST}:${server.port}/endless`);
  assert.equal(stopping.signal.aborted, false);
  const stopped = server.stop(1_000_000);
  assert.equal(await response.text(), 'begun');
  await stopped;
});

test('stopping cuts what does not end in time, and may be asked twice', async (t) => {
  const app = new Hono().get('/never', () => new Promise<never>(() => {}));
  const server = await startedServer(t, app);
  const socket = await connected(server);
  const closed = once(socket.resume(), 'close');
  socket.write('GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await delay(50);
  const startMs = performance.now();
  await Promise.all([server.stop(100), server.stop(100), closed]);
  assert.ok(performance.now() - startMs < 2000);
});

test('one address has at most half of the connections', async (t) => {
  const server = await startedServer(t, new Hono(), { connectionsMax: 4 });
  const from = async (localAddress: string) => {
    const socket = connect({ port: server.port, host: HOST, localAddress });
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  const first = [await from('127.0.0.1'), await from('127.0.0.1')];
  assert.equal(await text(await from('127.0.0.1')), '');
  const other = await from('127.0.0.2');
  other.end('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  for (const socket of first) socket.destroy();
  await Promise.all(first.map((socket) => once(socket, 'close')));
  const again = async () => {
    const socket = await from('127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    return text(socket);
  };
  // The server learns of the others' end a moment later.
  let answer = await again();
  while (answer === '') answer = await again();
  assert.match(answer, /404/);
});
