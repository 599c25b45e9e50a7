import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filtersOf, knowsTopicsOf, parseSessionName, sessionName } from './session-name.js';

const BROKER = 'mqtt://user:secret@broker:1884';

test('a name is read as it was written', () => {
  for (const filters of [
    ['labs/+/observation'],
    ['#'],
    ['my labs/+/x', 'a b/+/c'],
    ['sites/+/observation', 'labs/+/observation'],
  ])
    for (const group of ['g', '']) {
      const name = sessionName(filters, BROKER, group, 'w1');
      assert.deepEqual(parseSessionName(name.text), name);
      assert.deepEqual(filtersOf(name), filters.toSorted());
      assert.deepEqual([name.host, name.group, name.clientId], ['broker:1884', group, 'w1']);
    }
});

test('the order of topics makes no difference', () => {
  assert.equal(
    sessionName(['a/+', 'b/+'], BROKER, 'g', 'w').text,
    sessionName(['b/+', 'a/+'], BROKER, 'g', 'w').text,
  );
});

test('a name of an earlier version tells no topics', () => {
  for (const group of ['g', '']) {
    const name = parseSessionName(`broker:1883 ${group} w1`);
    assert.deepEqual([name.topics, name.host, name.group, name.clientId], ['', 'broker:1883', group, 'w1']);
    assert.equal(filtersOf(name), undefined);
  }
});

test('a worker knows the topics of a session if it has them all', () => {
  const named = (...filters: string[]) => sessionName(filters, BROKER, 'g', 'w');
  assert.ok(knowsTopicsOf(named('a/+', 'b/+'), named('b/+')));
  assert.ok(knowsTopicsOf(named('a/+', 'b/+'), named('b/+', 'a/+')));
  assert.ok(!knowsTopicsOf(named('b/+'), named('a/+', 'b/+')));
  assert.ok(!knowsTopicsOf(named('b/+'), named('a/+')));
});

test('a name stays short however many topics there are, and known to those with the same', () => {
  const many = Array.from({ length: 500 }, (_, i) => `building-${i}/+/observation`);
  const name = sessionName(many, BROKER, 'g', 'w');
  assert.ok(name.text.length < 1100);
  assert.equal(filtersOf(name), undefined);
  assert.ok(knowsTopicsOf(name, sessionName(many.toReversed(), BROKER, 'g', 'other')));
  assert.ok(!knowsTopicsOf(name, sessionName(many.slice(1), BROKER, 'g', 'other')));
  assert.ok(!knowsTopicsOf(sessionName(['a/+'], BROKER, 'g', 'w'), name));
});
