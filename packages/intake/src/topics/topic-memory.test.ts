import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TopicMemory } from './topic-memory.js';

test('a topic is looked up once, and found again within other bytes', () => {
  const lookedUp: string[] = [];
  const memory = new TopicMemory((bytes, start, end) => {
    const topic = bytes.toString('utf8', start, end);
    lookedUp.push(topic);
    return topic.length;
  });
  const found = (topic: string) => {
    const bytes = Buffer.from(`<${topic}>`);
    return memory.valueOf(bytes, 1, bytes.length - 1);
  };
  // More topics than there is room for: one takes the place of another, and none has its value.
  const topics = Array.from({ length: 20_000 }, (_, i) => `zigbee2mqtt/room ${i}/ü${'x'.repeat(i % 7)}`);
  for (const topic of topics) assert.equal(found(topic), topic.length);
  for (const topic of topics.slice(-100)) assert.equal(found(topic), topic.length);
  assert.ok(lookedUp.length <= topics.length + 100);
  lookedUp.length = 0;
  for (let i = 0; i < 3; i++) assert.equal(found('a/b'), 3);
  assert.equal(lookedUp.length, 1);
  const long = 'x'.repeat(300);
  for (let i = 0; i < 2; i++) assert.equal(found(long), 300);
});

test('topics that differ in few characters do not push each other out', () => {
  const families = [
    (i: number) => `zigbee2mqtt/Cold room ${i}`,
    (i: number) => `zigbee2mqtt/0x00158d000${(1_000_000 + i * 7).toString(16)}`,
    (i: number) => `shellies/sht-${(i * 977).toString(16)}/sensor/temperature`,
    (i: number) => `tele/${i}/SENSOR`,
  ];
  for (const family of families) {
    let lookUps = 0;
    const memory = new TopicMemory(() => {
      lookUps += 1;
      return true;
    });
    const topics = Array.from({ length: 1000 }, (_, i) => Buffer.from(family(i)));
    for (let round = 0; round < 10; round++)
      for (const topic of topics) memory.valueOf(topic, 0, topic.length);
    // 1,000 in the first round, and again and again those of which more than two have one place.
    assert.ok(lookUps < 1400, `${lookUps} for ${family(1)}`);
  }
});
