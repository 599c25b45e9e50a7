import assert from 'node:assert/strict';
import { test } from 'node:test';
import { times, until } from '@humtemp/test-services';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { Scene } from '../broker.fixture.js';
import { checkFilterCount } from './filter-count.js';
import { PacketError } from './packet-error.js';

test('as many filters as there may be stand in one packet, and one more is refused, in both versions', () => {
  for (const version of [4, 5] as const)
    for (const count of [3, 4]) {
      const names = times(count, (i) => `labs/${i}`);
      const properties = version === 5 ? { properties: { userProperties: { a: 'b' } } } : {};
      const packets = [
        { cmd: 'subscribe', messageId: 1, subscriptions: names.map((topic) => ({ topic, qos: 1 })) },
        { cmd: 'unsubscribe', messageId: 1, unsubscriptions: names },
      ];
      for (const packet of packets) {
        const frame = mqttPacket.generate({ ...packet, ...properties } as Packet, {
          protocolVersion: version,
        });
        const check = () => checkFilterCount(frame, version, 3);
        if (count === 3) check();
        else assert.throws(check, PacketError);
      }
    }
});

test('a client that asks for too many filters at once is disconnected, and one of MQTT 5 is told why', async (t) => {
  const scene = await Scene.open(t);
  const filters = times(1001, (i) => `f/${i}`);
  for (const protocolVersion of [4, 5] as const) {
    const client = await scene.client({ protocolVersion });
    const codes: (number | undefined)[] = [];
    client.on('disconnect', ({ reasonCode }) => codes.push(reasonCode));
    client.on('error', () => {});
    await client.subscribeAsync(filters.slice(1));
    client.subscribe(filters, () => {});
    await until(() => !client.connected);
    assert.deepEqual(codes, protocolVersion === 5 ? [0x97] : []);
  }
  assert.deepEqual(new Set(scene.log.reasons), new Set(['more than 1000 filters in one packet']));
});
