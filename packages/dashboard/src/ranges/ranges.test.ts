import assert from 'node:assert/strict';
import { test } from 'node:test';
import { excursionTotals } from './excursion-totals.js';
import { namedRange, rangeChoice } from './range-choice.js';
import { parseSorting, type RangeRow, type RangeSummary, rangeCsv, sortedRows } from './range-columns.js';

const row = (id: string, share: number | null, avg = 20): RangeRow => ({
  id,
  name: id,
  group: '',
  summary: {
    start: '2026-09-21T00:00:00.000Z',
    end: '2026-09-22T00:00:00.000Z',
    observations: 10,
    coverage: 1,
    temp: { min: 19, avg, max: 21, p05: null, p95: null, in_range: share },
    humidity: null,
    mean_kinetic_temp: { value: 20.5, error: 0.01 },
  } as unknown as RangeSummary,
});

test('the worst comes first, and a lab that says nothing last either way', () => {
  const rows = [row('a', 1), row('b', null), row('lab-10', 0.5), row('lab-9', 0.5), row('c', 0.2)];
  const ids = (text?: string) => sortedRows(rows, parseSorting(text)).map(({ id }) => id);
  assert.deepEqual(ids(), ['c', 'lab-9', 'lab-10', 'a', 'b']);
  assert.deepEqual(ids('-in_range'), ['a', 'lab-9', 'lab-10', 'c', 'b']);
  assert.deepEqual(ids('lab'), ['a', 'b', 'c', 'lab-9', 'lab-10']);
  assert.deepEqual(parseSorting('nonsense'), { key: 'in_range', isWorstFirst: true });
});

test('the CSV has what the API has, and no lab is a formula', () => {
  const [head, first] = rangeCsv([row('-2+3', 0.5, 20.25)]).split('\r\n');
  assert.match(head!, /^lab_id,start,end,in_range,excursions_ms,temp_min,temp_avg/);
  assert.match(
    first!,
    /^'-2\+3,2026-09-21T00:00:00\.000Z,2026-09-22T00:00:00\.000Z,0\.5,,19,20\.25,21,,,20\.5,,/,
  );
});

test('days are those of the time zone, also the long one', () => {
  const now = Date.parse('2026-10-25T12:00:00Z');
  const today = rangeChoice({ range: 'today' }, now, 'Europe/Berlin');
  assert.equal(new Date(today!.fromMs).toISOString(), '2026-10-24T22:00:00.000Z');
  const tomorrow = Date.parse('2026-10-26T12:00:00Z');
  const { fromMs, toMs } = namedRange('yesterday', tomorrow, 'Europe/Berlin');
  assert.equal((toMs - fromMs) / 3_600_000, 25);
  assert.equal(rangeChoice({ range: 'toString' }, now, 'UTC'), undefined);
});

test('last night is the one that has just been, or is', () => {
  const night = (now: string) => {
    const { fromMs, toMs, isOpen } = namedRange('night', Date.parse(now), 'Europe/Berlin');
    return [new Date(fromMs).toISOString(), new Date(toMs).toISOString(), isOpen];
  };
  assert.deepEqual(night('2026-06-03T21:00:00Z'), [
    '2026-06-02T18:00:00.000Z',
    '2026-06-03T06:00:00.000Z',
    false,
  ]);
  assert.deepEqual(night('2026-06-03T01:00:00Z'), [
    '2026-06-02T18:00:00.000Z',
    '2026-06-03T01:00:00.000Z',
    true,
  ]);
  // The night in which clocks are put forward.
  assert.deepEqual(night('2026-03-29T12:00:00Z').slice(0, 2), [
    '2026-03-28T19:00:00.000Z',
    '2026-03-29T06:00:00.000Z',
  ]);
});

test('time beyond two limits at once counts once, and of each kind for itself', () => {
  const at = (from: number, to: number, metric: 'temp' | 'humidity' = 'temp') => ({
    lab_id: 'a',
    metric,
    side: 'above' as const,
    start: new Date(from * 1000).toISOString(),
    end: new Date(to * 1000).toISOString(),
  });
  const totals = excursionTotals(
    [at(60, 90), at(0, 30), at(20, 70, 'humidity'), at(85, 200), { ...at(0, 5), lab_id: 'b' }],
    100_000,
  );
  assert.deepEqual(
    [...totals],
    [
      [
        'a',
        {
          count: 4,
          ms: 100_000,
          kinds: [
            { condition: 'too_warm', ms: 70_000 },
            { condition: 'too_damp', ms: 50_000 },
          ],
        },
      ],
      ['b', { count: 1, ms: 5000, kinds: [{ condition: 'too_warm', ms: 5000 }] }],
    ],
  );
});
