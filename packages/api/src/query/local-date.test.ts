import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketGrid } from '@humtemp/bucket-core';
import { localDate, startOfDate } from './local-date.js';
import { localDays } from './local-days.js';

const HOUR_S = 3600;
const GRID = bucketGrid(0, { durationS: 86_400, retention: 400 }, [
  { durationS: HOUR_S, retention: 24 * 400 },
  { durationS: 300, retention: 288 * 7 },
]);

const hoursOf = (from: string, to: string, tz: string, now = '2027-01-05T12:00:00Z') => {
  const range = { fromMs: Date.parse(from), toMs: Date.parse(to) };
  const { source, edgesS } = localDays(range, tz, GRID, Date.parse(now));
  return { source: source.durationS, hours: edgesS.slice(1).map((s, i) => (s - edgesS[i]!) / HOUR_S) };
};

test('a day begins at its first moment there, also where clocks change', () => {
  for (const [date, zone, expected] of [
    ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00Z'],
    ['2026-03-30', 'Europe/Berlin', '2026-03-29T22:00:00Z'],
    ['2026-10-26', 'Europe/Berlin', '2026-10-25T23:00:00Z'],
    ['2026-09-21', 'Asia/Kathmandu', '2026-09-20T18:15:00Z'],
    // Half an hour of daylight saving.
    ['2026-04-05', 'Australia/Lord_Howe', '2026-04-04T13:00:00Z'],
    ['2026-04-06', 'Australia/Lord_Howe', '2026-04-05T13:30:00Z'],
    // Clocks were put forward at midnight: the day began at 01:00.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00Z'],
    ['2026-12-31', 'Pacific/Kiritimati', '2026-12-30T10:00:00Z'],
    ['2028-02-29', 'UTC', '2028-02-29T00:00:00Z'],
  ] as const)
    assert.equal(startOfDate(date, zone), Date.parse(expected), `${date} ${zone}`);
  assert.equal(localDate(Date.parse('2026-12-31T23:30:00Z'), 'Europe/Berlin'), '2027-01-01');
});

test('days have 23 and 25 hours where clocks change, and are merged from the coarsest buckets with their borders', () => {
  const spring = hoursOf(
    '2026-03-28T00:00:00Z',
    '2026-03-31T00:00:00Z',
    'Europe/Berlin',
    '2026-04-02T12:00:00Z',
  );
  assert.deepEqual(spring, { source: HOUR_S, hours: [24, 23, 24, 24] });
  const autumn = hoursOf('2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z', 'Europe/Berlin');
  assert.deepEqual(autumn, { source: HOUR_S, hours: [25] });
  assert.deepEqual(hoursOf('2026-12-30T00:00:00Z', '2027-01-02T00:00:00Z', 'UTC'), {
    source: 86_400,
    hours: [24, 24, 24],
  });
  // With the 29th of February.
  const leap = hoursOf('2028-02-28T00:00:00Z', '2028-03-02T00:00:00Z', 'UTC', '2028-03-05T12:00:00Z');
  assert.deepEqual(leap.hours, [24, 24, 24]);
  const kathmandu = hoursOf('2027-01-03T00:00:00Z', '2027-01-04T00:00:00Z', 'Asia/Kathmandu');
  assert.deepEqual(kathmandu, { source: 300, hours: [24, 24] });
});

test('where no buckets have the borders and are kept for so long, it is said', () => {
  assert.throws(
    () => hoursOf('2026-12-01T00:00:00Z', '2026-12-02T00:00:00Z', 'Asia/Kathmandu'),
    /days of Asia\/Kathmandu have borders that no buckets kept for so long have: there are 1d for 400d, 1h for 400d, 5m for 7d/,
  );
  assert.throws(() => hoursOf('2020-01-01T00:00:00Z', '2027-01-01T00:00:00Z', 'UTC'), /more than 400 days/);
});

test('a range ends with the day of now, and what is older than all that is kept is cut', () => {
  assert.deepEqual(hoursOf('2027-01-05T00:00:00Z', '2027-02-01T00:00:00Z', 'Europe/Berlin').hours, [24]);
  assert.deepEqual(
    hoursOf('2025-01-01T00:00:00Z', '2025-01-03T00:00:00Z', 'UTC', '2026-06-05T00:00:00Z').hours,
    [],
  );
});
