import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLabId } from '@humtemp/bucket-core';
import fc from 'fast-check';
import { TopicFilters } from './topic-filters.js';

test('the levels in the place of wildcards, joined, are the lab', () => {
  const lab = (filter: string, topic: string) => new TopicFilters([filter]).labOf(topic);
  assert.equal(lab('labs/+/observation', 'labs/a/observation'), 'a');
  assert.equal(lab('labs/+/+/observation', 'labs/floor-2/room-7/observation'), 'floor-2/room-7');
  assert.equal(lab('zigbee2mqtt/+', 'zigbee2mqtt/kitchen'), 'kitchen');
  assert.equal(lab('a/#', 'a/b/c'), 'b/c');
  assert.equal(lab('labs/+/observation', 'labs//observation'), '');
});

test('other topics are none of ours', () => {
  const filters = new TopicFilters(['labs/+/observation']);
  for (const topic of [
    '',
    'labs',
    'labs/a',
    'labs/a/observation/x',
    'labs/a/b/observation',
    'LABS/a/observation',
  ])
    assert.equal(filters.labOf(topic), undefined, topic);
  assert.equal(new TopicFilters(['+/x', '#']).labOf('$SYS/x'), undefined);
});

test('bytes and text of a topic give the same', () => {
  for (const filters of [
    ['labs/+/observation'],
    ['+'],
    ['a/+'],
    ['labs/+/+/observation', 'x/#'],
    ['räume/+/x'],
  ]) {
    const topics = new TopicFilters(filters);
    for (const topic of [
      'labs/a/observation',
      'labs//observation',
      'labs/+/observation',
      'labs/#/observation',
      'labs/a/b/observation',
      '$a',
      'a',
      'a/b',
      'x/y/z',
      'räume/1/x',
      'labs/observation',
      '',
    ]) {
      const bytes = Buffer.from(`-${topic}-`);
      assert.equal(topics.labOfBytes(bytes, 1, bytes.length - 1), topics.labOf(topic), `${filters} ${topic}`);
    }
  }
});

test('whatever topics came before, the lab is that of the topic, and known for a lab id only if it is one', () => {
  const topics = new TopicFilters(['labs/+/observation']);
  const labs = fc.oneof(
    { arbitrary: fc.integer({ min: 0, max: 20_000 }).map((i) => `lab-${i}`), weight: 9 },
    { arbitrary: fc.string({ unit: 'grapheme', maxLength: 60 }), weight: 1 },
  );
  let known = 0;
  fc.assert(
    fc.property(fc.array(labs, { minLength: 500, maxLength: 500 }), (all) => {
      for (const lab of [...all, ...[...all].reverse()]) {
        const topic = `labs/${lab}/observation`;
        const bytes = Buffer.from(topic);
        const found = topics.labOfBytes(bytes, 0, bytes.length);
        const expected = topics.labOf(topic);
        if (expected === undefined) assert.equal(found, undefined);
        // What is no lab id may differ: each is refused.
        else if (!isLabId(expected)) assert.equal(isLabId(found!) || topics.isLabId, false);
        else {
          assert.equal(found, expected);
          if (topics.isLabId) known += 1;
        }
      }
    }),
    { numRuns: 20 },
  );
  assert.ok(known > 5000);
});

test('the first filter that matches names the lab', () => {
  const filters = new TopicFilters(['labs/+/observation', 'labs/#']);
  assert.equal(filters.labOf('labs/a/observation'), 'a');
  assert.equal(filters.labOf('labs/a/b'), 'a/b');
});

test('filters that are not MQTT, or name no lab, are refused', () => {
  for (const bad of ['', 'labs/a', 'labs/+a/x', 'labs/#/x', '$share/g/labs/+', 'labs/a+'])
    assert.throws(() => new TopicFilters([bad]), RangeError, bad);
  assert.throws(() => new TopicFilters([]), RangeError);
});

test('the same filter twice is one', () => {
  const filters = new TopicFilters(['labs/+/x', 'labs/+/y', 'labs/+/x']);
  assert.deepEqual(filters.filters, ['labs/+/x', 'labs/+/y']);
  assert.equal(filters.overlap, undefined);
});

test('two filters overlap if a topic matches both', () => {
  const level = fc.constantFrom('a', 'b', '', '+');
  const filter = fc
    .tuple(fc.array(level, { maxLength: 3 }), fc.boolean())
    .map(([levels, hasRest]) => [...levels, ...(hasRest ? ['#'] : [])].join('/'))
    .filter((text) => /[+#]/.test(text));
  // As many levels as the longest filter has are enough. The empty topic stays in: nobody publishes to it.
  const levels = ['a', 'b', ''];
  const longer = (topics: string[]) => topics.flatMap((topic) => levels.map((next) => `${topic}/${next}`));
  const two = longer(levels);
  const three = longer(two);
  const topics = [...levels, ...two, ...three, ...longer(three)];
  fc.assert(
    fc.property(filter, filter, (one, other) => {
      fc.pre(one !== other);
      const [matchesOne, matchesOther] = [new TopicFilters([one]), new TopicFilters([other])];
      const overlap = topics.some(
        (topic) => matchesOne.labOf(topic) !== undefined && matchesOther.labOf(topic) !== undefined,
      );
      assert.deepEqual(new TopicFilters([one, other]).overlap, overlap ? [one, other] : undefined);
    }),
    { numRuns: 3000 },
  );
});

test('of several filters, the first two that overlap are named', () => {
  const overlap = (...filters: string[]) => new TopicFilters(filters).overlap;
  assert.equal(overlap('labs/+/observation', 'sites/+/observation', 'labs/+/+/observation'), undefined);
  assert.deepEqual(overlap('x/+', 'labs/+/observation', 'labs/#'), ['labs/+/observation', 'labs/#']);
  assert.deepEqual(overlap('a/#', '+'), ['a/#', '+']);
  assert.deepEqual(overlap('+/x', 'a/+'), ['+/x', 'a/+']);
});
