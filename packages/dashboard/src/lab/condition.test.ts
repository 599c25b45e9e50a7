import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conditionsOf } from './condition.js';
import type { Lab } from './lab.js';
import { limitsText, parseLimits } from './limits.js';

const lab: Lab = {
  id: 'a',
  name: 'a',
  group: '',
  atMs: 0,
  temp: 22,
  tempAtMs: 0,
  humidity: 50,
  humidityAtMs: 0,
  limits: { temp: { min: 20, max: 24 }, humidity: { min: 40, max: 60 } },
  silentAfterMs: 90_000,
};

test('limits belong to what they allow, at both ends', () => {
  for (const temp of [20, 24]) assert.deepEqual(conditionsOf({ ...lab, temp }, 0), ['fine']);
  assert.deepEqual(conditionsOf({ ...lab, temp: 24.001 }, 0), ['too_warm']);
  assert.deepEqual(conditionsOf({ ...lab, temp: 19.999, humidity: 60.5 }, 0), ['too_cold', 'too_damp']);
});

test('a silent lab is not judged by what it said before', () => {
  assert.deepEqual(conditionsOf({ ...lab, temp: 40 }, 90_000), ['too_warm']);
  assert.deepEqual(conditionsOf({ ...lab, temp: 40 }, 90_001), ['silent']);
  assert.deepEqual(conditionsOf({ ...lab, atMs: undefined, temp: null, humidity: null }, 0), ['never']);
});

test('a metric that fell silent is not judged, and the other one is', () => {
  const later = { ...lab, atMs: 100_000, humidityAtMs: 100_000, temp: 40 };
  assert.deepEqual(conditionsOf(later, 100_000), ['silent']);
  assert.deepEqual(conditionsOf({ ...later, humidity: 70 }, 100_000), ['too_damp', 'silent']);
});

test('a lab is fine only if a value has limits', () => {
  assert.deepEqual(conditionsOf({ ...lab, limits: { temp: {}, humidity: {} } }, 0), ['unjudged']);
  const tempOnly = { temp: { max: 24 }, humidity: {} };
  assert.deepEqual(conditionsOf({ ...lab, limits: tempOnly }, 0), ['fine']);
  assert.deepEqual(conditionsOf({ ...lab, temp: null, limits: tempOnly }, 0), ['unjudged']);
});

test('limits are read from a text as they are written to it', () => {
  for (const text of ['20..24', '..60', '-20.5..', '0..0'])
    assert.equal(limitsText(parseLimits(text)!), text);
  for (const text of [undefined, '', '..', '24..20', '20-24', '1..2..3', 'a..b'])
    assert.equal(parseLimits(text), undefined, text);
});
