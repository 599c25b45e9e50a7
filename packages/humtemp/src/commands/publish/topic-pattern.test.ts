import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TopicPattern } from './topic-pattern.js';

test('the lab id takes the place of the +', () => {
  assert.equal(new TopicPattern('labs/+/observation').topicOf('lab-01'), 'labs/lab-01/observation');
  assert.equal(new TopicPattern('zigbee2mqtt/+').topicOf('sensor'), 'zigbee2mqtt/sensor');
  assert.equal(
    new TopicPattern('labs/+/+/observation').topicOf('floor-2/room-7'),
    'labs/floor-2/room-7/observation',
  );
});

test('a lab id that a subscriber would not read from the topic has none', () => {
  assert.equal(new TopicPattern('labs/+/observation').topicOf('floor-2/room-7'), undefined);
  assert.equal(new TopicPattern('labs/+/+/observation').topicOf('lab-01'), undefined);
});

test('a pattern without + or with # is refused', () => {
  for (const pattern of ['labs/observation', 'labs/#', 'labs/a+/x', '', '$SYS/+'])
    assert.throws(() => new TopicPattern(pattern), RangeError, pattern);
});
