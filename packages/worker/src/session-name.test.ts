import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSessionName, sessionNames } from './session-name.js';

const BROKER = 'mqtt://user:secret@broker:1884';

test('names are read as they were written', () => {
  for (const filters of [
    ['labs/+/observation'],
    ['#'],
    ['my labs/+/x', 'a b/+/c'],
    ['sites/+/observation', 'labs/+/observation'],
  ])
    for (const group of ['g', '']) {
      const names = sessionNames(filters, BROKER, group, 'w1');
      const [served, withTopics, ...more] = names;
      assert.deepEqual(more, []);
      assert.deepEqual(served.filters, []);
      assert.deepEqual(withTopics?.filters, filters.toSorted());
      for (const name of names) {
        assert.deepEqual(parseSessionName(name.text), name);
        assert.deepEqual([name.host, name.group, name.clientId], ['broker:1884', group, 'w1']);
      }
    }
});

test('the order of topics makes no difference', () => {
  assert.deepEqual(
    sessionNames(['a/+', 'b/+'], BROKER, 'g', 'w'),
    sessionNames(['b/+', 'a/+'], BROKER, 'g', 'w'),
  );
});

test('who serves a session is told under the name that earlier versions have for it', () => {
  for (const group of ['g', ''])
    assert.equal(sessionNames(['a/+'], BROKER, group, 'w1')[0].text, `broker:1884 ${group} w1`);
});

test('names stay short however many topics there are, and tell them all', () => {
  const many = Array.from({ length: 500 }, (_, i) => `building-${i}/+/observation`);
  const names = sessionNames(many, BROKER, 'g', 'w');
  for (const { text } of names) assert.ok(text.length < 1100);
  assert.ok(names.length < 20);
  const told = names.flatMap(({ text }) => parseSessionName(text).filters);
  assert.deepEqual(told, many.toSorted());
  const long = ['a/+', `b/${'x'.repeat(1200)}/+`, 'c/+'];
  assert.deepEqual(
    sessionNames(long, BROKER, 'g', 'w').map(({ filters }) => filters),
    [[], ...long.map((filter) => [filter])],
  );
});
