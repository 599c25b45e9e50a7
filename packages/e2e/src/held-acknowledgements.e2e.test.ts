import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { freePort, startRedis } from '@humtemp/test-services';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { HumtempProcess } from './humtemp-process.js';
import { until } from './until.js';

const PUBLISHES = 100;

test('100 publishes in flight while Redis is frozen: no PUBACK, but pings; thawed: 100 PUBACKs in order', async () => {
  const redis = await startRedis();
  const broker = await startBareBroker();
  const worker = new HumtempProcess(['worker'], {
    HUMTEMP_MQTT_URL: `mqtt://127.0.0.1:${broker.port}`,
    // Nothing to share: the broker here is a few lines.
    HUMTEMP_MQTT_GROUP: '',
    HUMTEMP_MQTT_KEEPALIVE: '1s',
    HUMTEMP_REDIS_URL: redis.url,
    HUMTEMP_REDIS_TIMEOUT: '30s',
  });
  try {
    await until(() => worker.stderr.includes('"msg":"subscribed"'));
    await redis.freeze();
    for (let id = 1; id <= PUBLISHES; id++)
      broker.publish(`labs/lab-${id % 7}/observation`, `{"temp":${id / 10}}`, id);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    assert.deepEqual(broker.acknowledged, []);
    assert.ok(broker.pings >= 2, 'the keep-alive goes on');
    await redis.thaw();
    await until(() => broker.acknowledged.length >= PUBLISHES);
    assert.deepEqual(
      broker.acknowledged,
      Array.from({ length: PUBLISHES }, (_, i) => i + 1),
    );
    assert.equal(broker.connections, 1);
    assert.equal((await worker.stop()).committed, PUBLISHES);
  } finally {
    await worker.kill();
    await broker.close();
    await redis.close();
  }
});

/** As much of a broker as it takes to see what a consumer acknowledges, and when. */
async function startBareBroker() {
  const options = { protocolVersion: 5 as const };
  const acknowledged: number[] = [];
  let [pings, connections] = [0, 0];
  let consumer: Socket | undefined;
  const send = (packet: Packet) => consumer?.write(mqttPacket.generate(packet, options));
  const server = createServer((socket) => {
    consumer = socket;
    connections += 1;
    const parser = mqttPacket.parser(options);
    socket.on('error', () => {});
    socket.on('data', (bytes) => parser.parse(bytes));
    parser.on('packet', (packet: Packet) => {
      if (packet.cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: false });
      if (packet.cmd === 'subscribe') send({ cmd: 'suback', messageId: packet.messageId!, granted: [1] });
      if (packet.cmd === 'puback') acknowledged.push(packet.messageId!);
      if (packet.cmd === 'pingreq') {
        pings += 1;
        send({ cmd: 'pingresp' });
      }
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port,
    acknowledged,
    get pings() {
      return pings;
    },
    get connections() {
      return connections;
    },
    publish: (topic: string, payload: string, messageId: number) =>
      send({ cmd: 'publish', topic, payload, qos: 1, messageId, dup: false, retain: false }),
    close: () =>
      new Promise<void>((resolve) => {
        consumer?.destroy();
        server.close(() => resolve());
      }),
  };
}
