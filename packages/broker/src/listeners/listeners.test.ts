import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { after, describe, type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import {
  type Certificate,
  makeCertificate,
  noOpenHandles,
  TOPIC,
  temporaryFolder,
  timed,
  times,
  UNTIMED,
  until,
} from '@humtemp/test-services';
import { connectAsync, type IClientOptions } from 'mqtt';
import WebSocket from 'ws';
import { bytesOf, CONNECT_KEEPING_SESSION, PUBACK_1, publishFrame, Scene } from '../broker.fixture.js';
import type { ListenerKind } from './listener.js';

after(noOpenHandles);

const FIRST = await makeCertificate('first certificate');
const SECOND = await makeCertificate('second certificate');

const KINDS: readonly ListenerKind[] = ['mqtt', 'mqtts', 'ws', 'wss'];

/** A broker that listens in every way. */
async function everywhere(t: TestContext, limits: Parameters<typeof Scene.open>[1] = {}) {
  const folder = await temporaryFolder('listeners-test');
  t.after(() => folder.remove());
  const files = { certFile: `${folder.path}/cert.pem`, keyFile: `${folder.path}/key.pem` };
  const write = async ({ cert, key }: Certificate) => {
    await writeFile(files.certFile, cert);
    await writeFile(files.keyFile, key);
  };
  await write(FIRST);
  const scene = await Scene.open(t, limits, {
    listeners: KINDS.map((kind) => ({ kind, host: '127.0.0.1', port: 0 })),
    certificate: files,
  });
  const client = async (kind: ListenerKind, options: IClientOptions = {}) => {
    const client = await connectAsync(`${kind}://127.0.0.1:${scene.broker.portOf(kind)}/mqtt`, {
      protocolVersion: 4,
      reconnectPeriod: 0,
      ca: [FIRST.ca, SECOND.ca],
      ...options,
    });
    t.after(() => client.endAsync(true));
    return client;
  };
  const webSocket = (protocols: string[] = ['mqtt'], path = '/') => {
    const socket = new WebSocket(`ws://127.0.0.1:${scene.broker.portOf('ws')}${path}`, protocols);
    t.after(() => socket.terminate());
    return socket;
  };
  return { scene, files, write, log: scene.log, client, webSocket };
}

describe('the listeners of the embedded broker', { concurrency: true }, () => {
  test('count and deliver alike, whatever the transport', async (t) => {
    const { scene, client } = await everywhere(t);
    const received: Record<string, number> = {};
    for (const kind of KINDS) {
      const subscriber = await client(kind);
      subscriber.on('message', () => {
        received[kind] = (received[kind] ?? 0) + 1;
      });
      await subscriber.subscribeAsync('labs/#', { qos: 1 });
    }
    for (const [i, kind] of KINDS.entries()) {
      const publisher = await client(kind);
      for (const qos of [0, 1, 2] as const) await publisher.publishAsync(TOPIC, timed(i * 10 + qos), { qos });
    }
    await until(() => KINDS.every((kind) => received[kind] === 12));
    assert.deepEqual(scene.counts, { committed: 12, duplicate: 0, rejected: {} });
  });

  test('carry publishes of any length, and many at a time', async (t) => {
    const { scene, client } = await everywhere(t);
    const payloads = times(200, (i) => `${timed(i).slice(0, -1)},"note":"${'x'.repeat(i * 300)}"}`);
    for (const kind of ['mqtts', 'ws', 'wss'] as const) {
      const [publisher, subscriber] = [await client(kind), await client(kind)];
      const received: string[] = [];
      subscriber.on('message', (_topic, payload) => received.push(payload.toString()));
      await subscriber.subscribeAsync(`labs/${kind}/observation`, { qos: 1 });
      await Promise.all(
        payloads.map((payload) => publisher.publishAsync(`labs/${kind}/observation`, payload, { qos: 1 })),
      );
      await until(() => received.length === payloads.length);
      assert.deepEqual(received, payloads);
    }
    assert.equal(scene.counts.committed, 600);
  });

  test('take a WebSocket at any path and with the subprotocol of MQTT 3.1', async (t) => {
    const { webSocket } = await everywhere(t);
    for (const [protocol, path] of [
      ['mqtt', '/'],
      ['mqttv3.1', '/mqtt'],
      ['mqtt', '/any/path?x=1'],
    ] as const) {
      const socket = webSocket([protocol], path);
      await once(socket, 'open');
      assert.equal(socket.protocol, protocol);
    }
  });

  test('read MQTT from WebSocket messages that begin and end anywhere', async (t) => {
    const { scene, webSocket } = await everywhere(t);
    const socket = webSocket();
    const answers: Buffer[] = [];
    socket.on('message', (data: Buffer) => answers.push(data));
    await once(socket, 'open');
    for (const byte of Buffer.concat([CONNECT_KEEPING_SESSION, publishFrame({ qos: 1, id: 1 })]))
      socket.send(Buffer.from([byte]));
    await until(() => Buffer.concat(answers).includes(PUBACK_1));
    assert.equal(scene.counts.committed, 1);
  });

  test('end a WebSocket that sends text', async (t) => {
    const { webSocket, log } = await everywhere(t);
    const socket = webSocket();
    await once(socket, 'open');
    socket.send('text');
    const [code] = await once(socket, 'close');
    assert.equal(code, 1003);
    await until(() => log.reasons.some((reason) => reason.includes('text message')));
  });

  test('end a WebSocket whose message is too long', async (t) => {
    const { webSocket } = await everywhere(t);
    const socket = webSocket();
    await once(socket, 'open');
    socket.send(Buffer.alloc(1024 * 1024 + 1));
    const [code] = await once(socket, 'close');
    assert.equal(code, 1009);
  });

  test('answer whoever wants no MQTT in HTTP, and say so in the log', async (t) => {
    const { scene, log } = await everywhere(t);
    const port = scene.broker.portOf('ws');
    const ask = async (headers: Record<string, string>, method = 'GET') => {
      const asked = request({ port, host: '127.0.0.1', method, headers });
      asked.end();
      const [answer] = await once(asked, 'response');
      let text = '';
      for await (const chunk of answer) text += chunk;
      return { status: answer.statusCode, upgrade: answer.headers.upgrade, text };
    };
    const plain = await ask({});
    assert.deepEqual([plain.status, plain.upgrade], [426, 'websocket']);
    assert.match(plain.text, /MQTT over WebSocket/);
    const handshake = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
    };
    for (const protocol of [undefined, 'chat', 'wamp, soap']) {
      const answer = await ask({ ...handshake, ...(protocol && { 'sec-websocket-protocol': protocol }) });
      assert.equal(answer.status, 400);
      assert.match(answer.text, /subprotocol mqtt/);
    }
    const good = { ...handshake, 'sec-websocket-protocol': 'mqtt' };
    assert.equal((await ask({ ...good, 'sec-websocket-version': '7' })).status, 400);
    assert.equal((await ask(good, 'POST')).status, 400);
    assert.ok(log.reasons.includes('HTTP, where a WebSocket was expected'));
    assert.ok(log.reasons.includes('a WebSocket without the subprotocol mqtt'));

    const socket = connect(port, '127.0.0.1');
    const answers = bytesOf(socket);
    socket.write(CONNECT_KEEPING_SESSION);
    await once(socket, 'close');
    assert.match(answers().toString(), /^HTTP\/1.1 400 /);
    assert.ok(log.reasons.includes('no HTTP, where a WebSocket was expected'));
  });

  test('name what came instead of TLS', async (t) => {
    const { scene, log } = await everywhere(t);
    for (const bytes of [CONNECT_KEEPING_SESSION, Buffer.from('GET / HTTP/1.1\r\n\r\n'), Buffer.alloc(100)]) {
      const socket = connect(scene.broker.portOf('mqtts'), '127.0.0.1');
      socket.on('error', () => {}).resume();
      socket.write(bytes);
      await once(socket, 'close');
    }
    await until(() => log.reasons.filter((reason) => reason.startsWith('TLS: ')).length >= 2);
    assert.ok(log.reasons.includes('TLS: ERR_SSL_HTTP_REQUEST'));
    assert.ok(log.lines.every(({ address }) => address === '127.0.0.1'));
  });

  test('end handshakes that are never done', async (t) => {
    const { scene, log } = await everywhere(t, { connectTimeoutMs: 200 });
    const silent = KINDS.map((kind) => connect(scene.broker.portOf(kind), '127.0.0.1'));
    // Beyond TLS, but no further.
    const half = connectTls({
      port: scene.broker.portOf('wss'),
      host: '127.0.0.1',
      ca: FIRST.ca,
    });
    half.write('GET / HT');
    await Promise.all([...silent, half].map((socket) => closed(socket)));
    await until(() => log.reasons.includes('no handshake in time'));
    await until(() => log.reasons.includes('connect did not arrive in time'));
    assert.equal(scene.broker.connections, 0);
  });

  test('let in as many as may be at a time, in all and per address, before any handshake', async (t) => {
    const { scene, log, client } = await everywhere(t, { connectionsMax: 6, connectionsPerAddressMax: 4 });
    const clients = await Promise.all(KINDS.map((kind) => client(kind)));
    for (const kind of KINDS) {
      const refused = connect(scene.broker.portOf(kind), '127.0.0.1');
      await closed(refused);
    }
    assert.equal(scene.broker.counters.connectionsRefused, 4);
    assert.deepEqual(new Set(log.reasons), new Set(['more than 4 connections from this address']));
    const others = times(3, () =>
      connect({ port: scene.port, host: '127.0.0.1', localAddress: '127.0.0.2' }).on('error', () => {}),
    );
    t.after(() => {
      for (const socket of others) socket.destroy();
    });
    await until(() => others.filter((socket) => socket.resume().closed).length === 1);
    assert.ok(log.reasons.includes('more than 6 connections'));
    // Who leaves makes room.
    await clients[0]!.endAsync();
    await until(() => scene.broker.connections === 5);
    await client('wss');
  });
});

describe('the certificate of the embedded broker', { concurrency: true }, () => {
  /** The name that the server shows to a new connection. */
  async function nameAt(port: number): Promise<string> {
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      ca: [FIRST.ca, SECOND.ca],
    });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    socket.destroy();
    return String(subject.CN);
  }

  test('is read again when it changes; connections go on', async (t) => {
    const { scene, write, client } = await everywhere(t);
    const before = await client('mqtts');
    assert.equal(await nameAt(scene.broker.portOf('wss')), 'first certificate');
    await write(SECOND);
    for (const kind of ['mqtts', 'wss'] as const) {
      for (;;) {
        if ((await nameAt(scene.broker.portOf(kind))) === 'second certificate') break;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
    await before.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    assert.equal(scene.counts.committed, 1);
  });

  test('stays while its files do not fit together, which the log says once', async (t) => {
    const { scene, files, log } = await everywhere(t);
    const { broker } = scene;
    await writeFile(files.certFile, SECOND.cert);
    for (let i = 0; i < 3; i++) await broker.reload();
    await writeFile(files.certFile, SECOND.cert.slice(0, 300));
    for (let i = 0; i < 3; i++) await broker.reload();
    assert.equal(await nameAt(broker.portOf('mqtts')), 'first certificate');
    assert.equal(log.messages.filter((message) => message === 'the certificate stays as it was').length, 2);
    await writeFile(files.certFile, SECOND.cert);
    await writeFile(files.keyFile, SECOND.key);
    await broker.reload();
    assert.equal(await nameAt(broker.portOf('mqtts')), 'second certificate');
  });

  test('that cannot be read is why the broker does not start', async (t) => {
    const { files, scene } = await everywhere(t);
    const { startBroker } = await import('../broker.fixture.js');
    const start = (certificate: { certFile: string; keyFile: string }) =>
      startBroker(scene.intake, {
        listeners: [{ kind: 'mqtts', host: '127.0.0.1', port: 0 }],
        certificate,
      });
    await assert.rejects(start({ ...files, keyFile: '/nowhere/key.pem' }), {
      name: 'CertificateError',
      message: '/nowhere/key.pem: there is no such file',
    });
    await writeFile(files.keyFile, SECOND.key);
    await assert.rejects(start(files), { name: 'CertificateError' });
  });
});

/** Resolves when a socket is closed, also by a reset. */
function closed(socket: Socket): Promise<void> {
  socket.on('error', () => {}).resume();
  return new Promise((resolve) => socket.once('close', () => resolve()));
}
