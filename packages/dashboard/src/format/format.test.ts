import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixed, percent } from './measures.js';
import { instantOf, startOfDay, startOfMonth, wallClock } from './moments.js';
import { longSpanText, spanText } from './spans.js';

test('a share is never rounded to all or to nothing', () => {
  const cases: [number | null, string][] = [
    [1, '100 %'],
    [0.9999, '99.9 %'],
    [0.994, '99.4 %'],
    [0.5, '50 %'],
    [0.0001, '1 %'],
    [0, '0 %'],
    [null, '–'],
  ];
  for (const [share, text] of cases) assert.equal(percent(share, 'en'), text);
});

test('a number is written as its language does, and there is no negative zero', () => {
  assert.equal(fixed(1234.56, 1, 'de'), '1.234,6');
  assert.equal(fixed(-0.04, 1, 'en'), '0.0');
  assert.equal(fixed(null, 1, 'en'), '–');
});

test('days and months begin where the clock of the zone says so, also when it is changed', () => {
  const day = (iso: string, days: number) =>
    new Date(startOfDay(Date.parse(iso), 'Europe/Berlin', days)).toISOString();
  assert.equal(day('2026-03-29T12:00:00Z', 0), '2026-03-28T23:00:00.000Z');
  assert.equal(day('2026-03-29T12:00:00Z', 1), '2026-03-29T22:00:00.000Z');
  assert.equal(day('2026-10-25T12:00:00Z', 1), '2026-10-25T23:00:00.000Z');
  const month = startOfMonth(Date.parse('2026-10-31T23:30:00Z'), 'Europe/Berlin');
  assert.equal(new Date(month).toISOString(), '2026-10-31T23:00:00.000Z');
  const noon = Date.parse('2026-01-01T06:15:00Z');
  assert.equal(wallClock(noon, 'Asia/Kathmandu'), '2026-01-01T12:00');
  assert.equal(instantOf(Date.parse('2026-01-01T12:00Z'), 'Asia/Kathmandu'), noon);
});

test('a span is written in its largest units', () => {
  assert.deepEqual([0, 59_999, 3_600_000, 2 * 86_400_000].map(spanText), ['0 s', '59 s', '1 h', '2 d']);
  assert.deepEqual([90_000, 3_600_000, 90_061_000].map(longSpanText), ['1 min 30 s', '1 h', '1 d 1 h']);
});
