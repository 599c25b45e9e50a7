import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { covers, filterLevels, matchesTopic, withoutCovered } from './topic-grammar.js';

test('a filter is text with + for a level and # for the rest', () => {
  for (const filter of ['a', '+', '#', 'a/+/b', 'a/#', '/', 'a//b', '$SYS/#'])
    assert.deepEqual(filterLevels(filter), filter.split('/'), filter);
  for (const bad of ['', 'a+', '#/a', 'a/#/b', 'a/b#', '+a/b'])
    assert.equal(filterLevels(bad), undefined, bad);
});

test('a filter covers another one if it matches every topic of it', () => {
  const level = fc.constantFrom('a', 'b', '', '+');
  const filter = fc
    .tuple(fc.array(level, { maxLength: 3 }), fc.boolean())
    .map(([levels, hasRest]) => [...levels, ...(hasRest ? ['#'] : [])])
    .filter((levels) => levels.length > 0);
  // Two letters stand for all others: c is in no filter.
  const levels = ['a', 'b', 'c', ''];
  const longer = (topics: string[][]) => topics.flatMap((topic) => levels.map((next) => [...topic, next]));
  const one = levels.map((name) => [name]);
  const two = longer(one);
  const three = longer(two);
  const topics = [...one, ...two, ...three, ...longer(three)];
  fc.assert(
    fc.property(filter, filter, (wide, narrow) => {
      // The same topics, which `covers` does not notice.
      fc.pre(!(wide.join('/') === '+/#' && narrow.join('/') === '#'));
      const matches = topics.every((topic) => !matchesTopic(narrow, topic) || matchesTopic(wide, topic));
      assert.equal(covers(wide, narrow), matches, `${wide.join('/')} ${narrow.join('/')}`);
    }),
    { numRuns: 2000 },
  );
});

test('filters that another one covers are left out, and each stays once', () => {
  assert.deepEqual(withoutCovered(['a/+/b', 'a/#', 'c/+', 'a/#', 'c/d']), ['a/#', 'c/+']);
  assert.deepEqual(withoutCovered(['a/+', '+/b']), ['a/+', '+/b']);
  assert.deepEqual(withoutCovered(['+', '#']), ['#']);
});
