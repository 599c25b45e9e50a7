import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { filterLevels, matchesTopic } from '@humtemp/bucket-core';
import fc from 'fast-check';
import { SubscriptionIndex } from './subscription-index.js';

const level = fc.constantFrom('a', 'b', '', 'labs', '$x');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'))
  .filter((text) => text !== '');
const step = fc.record({
  adds: fc.boolean(),
  filter: fc.oneof(filter, fc.constant('#')),
  holder: fc.integer({ min: 0, max: 2 }),
  qos: fc.constantFrom(0 as const, 1 as const, 2 as const),
});

describe('the index of subscriptions', () => {
  test('finds the subscribers of a topic after any subscribing and unsubscribing', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.array(topic, { minLength: 1 }), (steps, topics) => {
        const index = new SubscriptionIndex<number, 0 | 1 | 2>();
        const held = new Map<string, 0 | 1 | 2>();
        for (const { adds, filter, holder, qos } of steps) {
          if (adds) index.add(filter, holder, qos);
          else index.remove(filter, holder);
          if (adds) held.set(`${holder} ${filter}`, qos);
          else held.delete(`${holder} ${filter}`);
        }
        assert.equal(index.isEmpty, ![...held.keys()].some((name) => name[2] !== '$'));
        for (const topic of topics) {
          const expected = [...held]
            .filter(([name]) => matchesTopic(filterLevels(name.slice(2))!, topic.split('/')))
            .map(([name, qos]) => `${name[0]} ${qos}`);
          const found: string[] = [];
          index.visit(topic, (holder, qos) => found.push(`${holder} ${qos}`));
          assert.deepEqual(found.sort(), expected.sort(), topic);
          if (!index.isEmpty) assert.equal(index.matches(topic), expected.length > 0, topic);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('has no subscriber for what a client may publish while only the topics of the broker are subscribed', () => {
    const index = new SubscriptionIndex<number, 0 | 1 | 2>();
    index.add('$SYS/#', 1, 0);
    assert.ok(index.isEmpty);
    assert.equal(index.matches('labs/a'), false);
    index.remove('$SYS/#', 1);
  });
});
