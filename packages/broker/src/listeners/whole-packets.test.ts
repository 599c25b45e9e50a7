import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectFrame, PINGRESP, PUBACK_1, publishFrame } from '../broker.fixture.js';
import { WholePackets } from './whole-packets.js';

test('packets are whole again, in whatever pieces they are written', () => {
  const frames = [
    connectFrame('x'),
    PUBACK_1,
    publishFrame({ qos: 1, id: 1, payload: 'x'.repeat(300) }),
    PINGRESP,
  ];
  const bytes = Buffer.concat(frames);
  for (let size = 1; size <= bytes.length; size++) {
    const packets = new WholePackets();
    const taken: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size)
      taken.push(...packets.take([bytes.subarray(at, at + size)]));
    assert.deepEqual(taken, frames);
  }
  assert.deepEqual(new WholePackets().take(frames), frames);
});
