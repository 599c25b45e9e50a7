import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { noOpenHandles, until } from '@humtemp/test-services';
import type { IPublishPacket } from 'mqtt-packet';
import { Scene } from '../broker.fixture.js';
import { RawClient } from '../mqtt5/raw-client.fixture.js';
import { PLAIN_GRANTS } from './grant.js';
import { OutgoingPublish } from './outgoing-publish.js';
import { SharedGroup } from './shared-group.js';

after(noOpenHandles);

const FILTER = '$share/g/t/+';
const KEPT = { clean: false, properties: { sessionExpiryInterval: 60 } } as const;

describe('a shared subscription', { concurrency: true }, () => {
  test('is served by turns to those who are there, at the lower QoS of publish and subscription', () => {
    const group = new SharedGroup();
    const served: string[] = [];
    const members = ([0, 1, 2] as const).map((granted) => {
      const member = {
        clientKey: `member-${granted}`,
        isThere: true,
        deliver: (publish: OutgoingPublish, qos: number) =>
          served.push(`${publish.qos} as ${qos} to ${granted}`),
      };
      group.add(member, PLAIN_GRANTS[granted]);
      return member;
    });
    const publish = (qos: 0 | 1 | 2) => {
      served.splice(0);
      for (let i = 0; i < 4; i++) group.deliver(new OutgoingPublish('t', Buffer.alloc(0), qos));
      return served;
    };
    assert.deepEqual(publish(1), ['1 as 0 to 0', '1 as 1 to 1', '1 as 1 to 2', '1 as 0 to 0']);
    members[1]!.isThere = false;
    assert.deepEqual(publish(2), ['2 as 2 to 2', '2 as 0 to 0', '2 as 2 to 2', '2 as 0 to 0']);
    // None is there: the one whose turn is longest ago, so by turns, too.
    for (const member of members) member.isThere = false;
    assert.deepEqual(publish(2), ['2 as 1 to 1', '2 as 2 to 2', '2 as 0 to 0', '2 as 1 to 1']);
  });

  test('is kept by the sessions of its members while none is there', async (t) => {
    const scene = await Scene.open(t);
    for (const id of ['a', 'b']) {
      const member = await RawClient.open(scene, id, KEPT);
      await member.subscribe(FILTER, { qos: 1 });
      member.send({ cmd: 'disconnect', reasonCode: 0 });
      await until(() => member.isClosed);
    }
    const publisher = await scene.client();
    for (const payload of ['1', '2', '3', '4']) await publisher.publishAsync('t/x', payload, { qos: 2 });
    const got: string[][] = [];
    for (const id of ['a', 'b']) {
      const member = await RawClient.open(scene, id, KEPT);
      const publishes = (await member.settled()) as IPublishPacket[];
      got.push(publishes.map(({ payload, qos }) => `${payload} at ${qos}`));
    }
    assert.deepEqual(got, [
      ['1 at 1', '3 at 1'],
      ['2 at 1', '4 at 1'],
    ]);
  });
});
