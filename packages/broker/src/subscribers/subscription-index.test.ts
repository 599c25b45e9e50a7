import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { filterLevels, matchesTopic } from '../access/topic-match.js';
import { SubscriptionIndex } from './subscription-index.js';

const level = fc.constantFrom('a', 'b', '', 'labs');
const topic = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const filter = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, isOpen]) => [...levels, ...(isOpen ? ['#'] : [])].join('/'))
  .filter((text) => text !== '');
const step = fc.record({
  adds: fc.boolean(),
  filter: fc.oneof(filter, fc.constant('#')),
  holder: fc.integer({ min: 0, max: 2 }),
});

describe('the index of subscriptions', () => {
  test('knows after any subscribing and unsubscribing whether a topic has a subscriber', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.array(topic, { minLength: 1 }), (steps, topics) => {
        const index = new SubscriptionIndex();
        const held = new Set<string>();
        for (const { adds, filter, holder } of steps) {
          if (adds) index.add(filter, holder);
          else index.remove(filter, holder);
          if (adds) held.add(`${holder} ${filter}`);
          else held.delete(`${holder} ${filter}`);
        }
        const filters = [...held].map((name) => filterLevels(name.slice(2))!);
        assert.equal(index.isEmpty, filters.length === 0);
        for (const topic of topics)
          assert.equal(
            index.matches(topic),
            filters.some((levels) => matchesTopic(levels, topic.split('/'))),
            topic,
          );
      }),
      { numRuns: 2000 },
    );
  });

  test('leaves out what no observation matches', () => {
    const index = new SubscriptionIndex();
    index.add('$SYS/#', 1);
    assert.ok(index.isEmpty);
    index.remove('$SYS/#', 1);
  });
});
