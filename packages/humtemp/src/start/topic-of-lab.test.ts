import assert from 'node:assert/strict';
import { test } from 'node:test';
import { topicOfLab } from './topic-of-lab.js';

test('the topic of a lab is that of the first filter', () => {
  for (const [filter, lab, topic] of [
    ['labs/+/observation', 'a', 'labs/a/observation'],
    ['labs/+/observation', 'floor/a', 'labs/floor/a/observation'],
    ['labs/+/+/observation', 'floor/a', 'labs/floor/a/observation'],
    ['labs/+/+/observation', 'a', 'labs/a/observation'],
    ['x/#', 'floor/a', 'x/floor/a'],
    ['+/state', 'a', 'a/state'],
  ] as const)
    assert.equal(topicOfLab([filter, 'other/+'], lab), topic);
});
