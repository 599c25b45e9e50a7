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
