import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  ABSENT,
  bucketGrid,
  decodeObservation,
  type Observation,
  oldestLiveMs,
  type RejectionReason,
  timeRejection,
} from '../index.js';

const nowMs = Date.parse('2026-06-15T12:00:00Z');
const nowS = nowMs / 1000;
const grid = bucketGrid(0, { durationS: 86_400, retention: 2 }, [{ durationS: 3600, retention: 24 * 7 }]);

const decode = (value: unknown) => decodeObservation(value);
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
  // A dewar of liquid nitrogen is at -196 °C. Nothing is below absolute zero.
  for (const temp of [-273.15, -196, 200, 85, 127.94]) assert.equal(ok({ temp }).temp, temp * 1000);
  for (const temp of [-273.151, 200.001, -273.16, 1e6, Infinity, Number.NaN]) rejected({ temp }, 'temp');
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

test('a timestamp is Unix time as a number or a text, or RFC 3339; absent or null means time of receipt', () => {
  const cases: [unknown, number][] = [
    [nowS, nowMs],
    [nowS - 0.25, nowMs - 250],
    [nowMs, nowMs],
    [nowMs + 0.4, nowMs],
    [`${nowS}`, nowMs],
    [`${nowS}.250`, nowMs + 250],
    [`${nowMs}`, nowMs],
    ['2026-06-15T12:00:00Z', nowMs],
    ['2026-06-15t12:00:00.125z', nowMs + 125],
    ['2026-06-16 02:00:00+14:00', nowMs],
    ['2026-06-15T13:00:00+0100', nowMs],
    ['2026-06-15 06:30:00-0530', nowMs],
    ['2026-06-15T11:59:59.9999Z', nowMs],
    ['2026-06-15T00:00:00-12:00', nowMs],
  ];
  for (const [timestamp, expectedMs] of cases)
    assert.equal(ok({ timestamp, temp: 20 }).timestampMs, expectedMs, String(timestamp));
  for (const timestamp of [undefined, null]) assert.equal(ok({ timestamp, temp: 20 }).timestampMs, undefined);
});

test('a timestamp that cannot be one, or may mean two moments, is rejected', () => {
  const bad = [
    nowMs * 1000,
    `${nowMs * 1000}`,
    1e21,
    -1e21,
    '',
    ' ',
    '0x10',
    '1e9',
    'now',
    '2026-06-15',
    '2026-06-15T12:00:00',
    '2026-06-15T12:00:00+1',
    '2026-06-15T12:00:00+010',
    '2026-06-15T12:00:60Z',
    '2026-06-15T24:00:00Z',
    '2026-02-30T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-06-15T12:00:00+24:00',
    '10000-01-01T00:00:00Z',
    '+010000-01-01T00:00:00Z',
    [],
    {},
    true,
  ];
  for (const timestamp of bad) rejected({ timestamp, temp: 20 }, 'timestamp');
});

test('what lies ahead of the clock or beyond every retention is rejected as such', () => {
  const oldestMs = oldestLiveMs(grid, nowMs);
  const reason = (ms: number, futureMsMax?: number) => timeRejection(ms, oldestMs, nowMs, futureMsMax);
  for (const ms of [nowMs, nowMs + 60_000, nowMs - 6 * 86_400_000]) assert.equal(reason(ms), undefined);
  for (const ms of [nowMs + 60_001, nowMs + 61_000]) assert.equal(reason(ms), 'future');
  assert.equal(reason(nowMs + 300_000, 300_000), undefined);
  for (const ms of [0, -1000, nowMs - 7 * 86_400_000 - 1000]) assert.equal(reason(ms), 'expired');
});

test('a metric that is wrong does not take the other one with it', () => {
  const wrong: [object, Partial<Observation>][] = [
    [
      { temp: 21.5, humidity: 100.4 },
      { temp: 21_500, humidity: ABSENT, badMetric: 'humidity' },
    ],
    [
      { temp: -300, humidity: 48 },
      { temp: ABSENT, humidity: 48_000, badMetric: 'temp' },
    ],
    [
      { temperature: 'nan', humidity: 48, timestamp: nowS },
      { timestampMs: nowMs, badMetric: 'temp' },
    ],
    [
      { temp: 20, humidity: 'x', sensor: 's' },
      { sensor: 's', badMetric: 'humidity' },
    ],
  ];
  for (const [payload, expected] of wrong) assert.deepEqual({ ...ok(payload), ...expected }, ok(payload));
  assert.equal(ok({ temp: 20, humidity: 50 }).badMetric, undefined);
  // Nothing good remains.
  rejected({ temp: 300, humidity: 101 }, 'temp');
  rejected({ temp: null, humidity: 101 }, 'humidity');
  rejected({ temp: 20, humidity: 101, sensor: 7 }, 'sensor');
  rejected({ temp: 20, humidity: 101, timestamp: 'x' }, 'timestamp');
});

test('a sensor is a text of at most 50 characters', () => {
  assert.equal(ok({ temp: 20, sensor: 'bme280-3' }).sensor, 'bme280-3');
  assert.equal(ok({ temp: 20, sensor: 'ü'.repeat(50) }).sensor.length, 50);
  for (const sensor of ['x'.repeat(51), 7, {}, '\ud800']) rejected({ temp: 20, sensor }, 'sensor');
});
