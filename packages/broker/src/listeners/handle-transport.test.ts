import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { after, test } from 'node:test';
import { noOpenHandles, times, until } from '@humtemp/test-services';
import { connectFrame, publishFrame, Scene, subscribeFrame } from '../broker.fixture.js';
import { acceptHandles } from './accept-handles.js';
import { canUseHandles } from './can-use-handles.js';
import type { HandleTransport } from './handle-transport.js';

after(noOpenHandles);

test('this Node can do without its streams', async () => {
  assert.equal(await canUseHandles(), true);
});

test('what connections have sent at the same time stays their own, whatever waits for its turn', async (t) => {
  const scene = await Scene.open(t);
  const received = new Map<string, string[]>();
  const subscriber = await scene.client();
  subscriber.on('message', (topic, payload) => {
    const payloads = received.get(topic) ?? [];
    received.set(topic, payloads);
    payloads.push(payload.toString());
  });
  await subscriber.subscribeAsync('own/+', { qos: 1 });
  const payload = (client: number, i: number) =>
    `${client} ${i} `.padEnd(300, String.fromCharCode(97 + client));
  // More than one read of each, and more than the work of a turn.
  const sockets = await Promise.all(times(8, (client) => scene.exchange(connectFrame(`${client}`))));
  for (const { answers } of sockets) await until(() => answers().length === 4);
  for (const [client, { socket }] of sockets.entries())
    socket.write(
      Buffer.concat(
        times(400, (i) =>
          publishFrame({ qos: 1, id: i + 1, topic: `own/${client}`, payload: payload(client, i) }),
        ),
      ),
    );
  await until(() => sockets.every(({ answers }) => answers().length === 4 + 400 * 4));
  await until(() => times(8, (i) => received.get(`own/${i}`)?.length).every((count) => count === 400));
  for (const client of times(8, (i) => i))
    assert.deepEqual(
      received.get(`own/${client}`),
      times(400, (i) => payload(client, i)),
    );
});

test('what a client sends right before it hangs up is taken', async (t) => {
  for (const handles of [true, false]) {
    const scene = await Scene.open(t, {}, { handles });
    const { socket } = await scene.exchange(connectFrame('brief'));
    socket.write(subscribeFrame(['x'], 0));
    // At QoS 0 nobody sends it again.
    socket.end(Buffer.concat(times(2000, () => qos0())));
    await until(() => scene.counts.committed === 2000);
  }
});

function qos0(): Buffer {
  const topic = Buffer.from('labs/a/observation');
  const payload = Buffer.from('{"temp":20}');
  return Buffer.concat([
    Buffer.from([0x30, 2 + topic.length + payload.length, 0, topic.length]),
    topic,
    payload,
  ]);
}

/** Listens, and hands over what is accepted. */
function accept(server: Server, onAccepted: (transport: HandleTransport) => void): void {
  server.listen(0, '127.0.0.1', () => acceptHandles(server, { keepAliveS: 60, onAccepted }));
}

test('a connection whose other side does not read keeps what is written, and says so until it has drained', async () => {
  const server = createServer();
  const drained = new Promise<HandleTransport>((resolve) => {
    accept(server, (transport) => {
      transport.observe({
        onReceived: () => {},
        onEnd: () => {},
        onFailure: () => {},
        onClosed: () => server.close(),
        onDrained: () => resolve(transport),
      });
      assert.equal(transport.keepsWritten, false);
      while (transport.write(Buffer.alloc(1024 * 1024)));
      assert.ok(transport.keepsWritten && transport.writableLength > 0);
    });
  });
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.resume();
  const transport = await drained;
  assert.ok(!transport.keepsWritten && transport.writableLength === 0);
  client.destroy();
  await once(server, 'close');
});

test('a connection that breaks is reported once, with what Node calls it', async () => {
  const server = createServer();
  const events: string[] = [];
  accept(server, (transport) => {
    transport.whenClosed(() => events.push('left'));
    transport.observe({
      onReceived: () => client.resetAndDestroy(),
      onEnd: () => events.push('end'),
      onFailure: ({ message }) => events.push(message),
      onClosed: () => server.close(),
      onDrained: () => {},
    });
  });
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => {});
  client.write('x');
  await once(server, 'close');
  assert.deepEqual(events, ['read ECONNRESET', 'left']);
});

test('what is written for the end of a turn goes out in one piece, or a long one by itself, in its order, and before the end', async () => {
  const server = createServer();
  accept(server, (transport) => {
    transport.observe({
      onReceived: () => {
        for (const text of ['a', 'b']) transport.writeSoon(Buffer.from(text));
        transport.write(Buffer.from('c'));
        assert.equal(transport.writableLength, 3);
        setImmediate(() => {
          assert.equal(transport.writableLength, 0);
          transport.writeSoon(Buffer.from('-'));
          transport.writeSoon(Buffer.alloc(20_000, 'd'));
          transport.writeSoon(Buffer.from('e'));
          transport.end(() => {});
        });
      },
      onEnd: () => {},
      onFailure: () => {},
      onClosed: () => server.close(),
      onDrained: () => {},
    });
  });
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let got = '';
  client.on('data', (bytes) => {
    got += bytes.toString();
  });
  client.write('x');
  await once(client, 'end');
  assert.equal(got, `abc-${'d'.repeat(20_000)}e`);
  client.end();
  await once(server, 'close');
});
