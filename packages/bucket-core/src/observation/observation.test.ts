import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, bucketGrid, decodeObservation, type Observation, type RejectionReason } from '../index.js';

const nowMs = Date.parse('2026-06-15T12:00:00Z');
const nowS = nowMs / 1000;
const grid = bucketGrid(0, { durationS: 86_400, retention: 2 }, [{ durationS: 3600, retention: 24 * 7 }]);

const decode = (value: unknown) => decodeObservation(value, grid, nowMs);
const ok = (value: unknown): Observation => {
  const observation = decode(value);
  assert.equal(typeof observation, 'object', `${JSON.stringify(value)} gave ${String(observation)}`);
  return observation as Observation;
};
const rejected = (value: unknown, reason: RejectionReason) =>
  assert.equal(decode(value), reason, JSON.stringify(value));

test('values become integers in thousandths', () => {
  const { temp, humidity } = ok({ temp: 22.08, humidity: 51.53 });
  assert.deepEqual([temp, humidity], [22_080, 51_530]);
  assert.equal(ok({ temp: -0 }).temp, 0);
  assert.ok(Object.is(ok({ temp: -0.0001 }).temp, 0), 'never minus zero');
  assert.equal(ok({ temp: 1e-300 }).temp, 0);
});

test('one of the two is enough, null is as good as absent, and temperature is accepted for temp', () => {
  assert.equal(ok({ temp: 20 }).humidity, ABSENT);
  assert.equal(ok({ humidity: 50, temp: null }).temp, ABSENT);
  assert.equal(ok({ temperature: 21.5 }).temp, 21_500);
  assert.equal(ok({ temp: 20, temperature: 30 }).temp, 20_000);
});

test('the limits of values are valid, and what lies beyond is not', () => {
  for (const temp of [-100, 200, 85, 127.94]) assert.equal(ok({ temp }).temp, temp * 1000);
  for (const temp of [-100.001, 200.001, -273.16, 1e6, Infinity, Number.NaN]) rejected({ temp }, 'temp');
  for (const humidity of [0, 100]) assert.equal(ok({ humidity }).humidity, humidity * 1000);
  for (const humidity of [-0.1, 100.1, 6553.5, 2 ** 53 + 1]) rejected({ humidity }, 'humidity');
});

test('values of other kinds are rejected with the reason of their field', () => {
  for (const bad of ['23,5', '0x10', '', '21', [], {}, true]) {
    rejected({ temp: bad }, 'temp');
    rejected({ temperature: bad }, 'temp');
    rejected({ humidity: bad }, 'humidity');
  }
});

test('what is not an object, or has no value, is rejected', () => {
  for (const value of [null, 1, 'x', true, [], undefined]) rejected(value, 'not_an_object');
  rejected({}, 'no_value');
  rejected({ timestamp: nowS }, 'no_value');
  rejected(JSON.parse('{"__proto__":{"temp":22}}'), 'no_value');
  rejected({ constructor: { temp: 22 } }, 'no_value');
});

test('unknown fields are ignored', () => {
  assert.equal(ok({ temp: 20, battery: 97, linkquality: [1, { a: 2 }], humidityy: 'x' }).temp, 20_000);
});

test('a timestamp is in Unix seconds or RFC 3339, and absent means time of receipt', () => {
  const cases: [unknown, number][] = [
    [nowS, nowMs],
    [nowS - 0.25, nowMs - 250],
    ['2026-06-15T12:00:00Z', nowMs],
    ['2026-06-15t12:00:00.125z', nowMs + 125],
    ['2026-06-16 02:00:00+14:00', nowMs],
    ['2026-06-15T11:59:59.9999Z', nowMs],
    ['2026-06-15T00:00:00-12:00', nowMs],
    [nowS + 59, nowMs + 59_000],
    [nowS + 60, nowMs + 60_000],
  ];
  for (const [timestamp, expectedMs] of cases) {
    const observation = ok({ timestamp, temp: 20 });
    assert.equal(observation.timestampMs, expectedMs, String(timestamp));
    assert.equal(observation.timed, true);
  }
  for (const timestamp of [undefined, null]) {
    const observation = ok({ timestamp, temp: 20 });
    assert.deepEqual([observation.timestampMs, observation.timed], [nowMs, false]);
  }
});

test('a timestamp that cannot be one is rejected', () => {
  const bad = [
    nowMs,
    nowMs * 1000,
    1e21,
    -1e21,
    '',
    'now',
    '2026-06-15',
    '2026-06-15T12:00:00',
    '2026-06-15T12:00:60Z',
    '2026-06-15T24:00:00Z',
    '2026-02-30T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-06-15T12:00:00+24:00',
    '10000-01-01T00:00:00Z',
    '+010000-01-01T00:00:00Z',
    '1781524800',
    [],
    {},
    true,
  ];
  for (const timestamp of bad) rejected({ timestamp, temp: 20 }, 'timestamp');
});

test('what lies ahead of the clock or beyond every retention is rejected as such', () => {
  rejected({ timestamp: nowS + 60.001, temp: 20 }, 'future');
  rejected({ timestamp: nowS + 61, temp: 20 }, 'future');
  for (const timestamp of [0, -1, '0001-01-01T00:00:00Z', nowS - 7 * 86_400 - 1])
    rejected({ timestamp, temp: 20 }, 'expired');
  assert.equal(ok({ timestamp: nowS - 6 * 86_400, temp: 20 }).timestampMs, nowMs - 6 * 86_400_000);
});

test('a sensor is a text of at most 50 characters', () => {
  assert.equal(ok({ temp: 20, sensor: 'bme280-3' }).sensor, 'bme280-3');
  assert.equal(ok({ temp: 20, sensor: 'ü'.repeat(50) }).sensor.length, 50);
  for (const sensor of ['x'.repeat(51), 7, {}, '\ud800']) rejected({ temp: 20, sensor }, 'sensor');
});
