import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LabsPage, type LiveLab, listedReports, refreshedReport, streamedReport } from './lab-report.js';

const NOON = Date.parse('2026-09-22T12:00:00Z');
const iso = (s: number) => new Date(NOON + s * 1000).toISOString();

const page = (atS: number, tempAtS = atS): LabsPage =>
  ({
    labs: [
      {
        lab_id: 'a',
        name: 'Cold room',
        group: 'Cellar',
        latest: { timestamp: iso(atS), temp: 5, humidity: 50 },
        metrics: {
          temp: { value: 5, timestamp: iso(tempAtS) },
          humidity: { value: 50, timestamp: iso(atS) },
        },
        limits: { temp: { min: 2, max: null }, humidity: null },
        expected_interval_s: 60,
      },
    ],
    never_heard: [{ lab_id: 'b', name: null, group: null }],
    next_cursor: null,
  }) as unknown as LabsPage;

const live = (atS: number, temp: number, counts: [number, number]): LiveLab =>
  ({
    lab_id: 'a',
    latest: { timestamp: iso(atS), temp, humidity: 51 },
    current: { temp: { count: counts[0] }, humidity: { count: counts[1] } },
  }) as unknown as LiveLab;

test('a stream changes values and leaves what the labs file says', () => {
  const [listed, silent] = listedReports(page(0));
  const report = streamedReport(listed, live(10, 6, [2, 2]));
  assert.deepEqual(
    [report.name, report.limits.temp, report.expectedIntervalS, report.temp],
    ['Cold room', { min: 2, max: undefined }, 60, { value: 6, atMs: NOON + 10_000 }],
  );
  assert.equal(silent!.atMs, undefined);
});

test('a metric that is no longer sent grows old, though the other one goes on', () => {
  let report = streamedReport(undefined, live(0, 5, [1, 1]));
  for (const s of [30, 60, 90]) report = streamedReport(report, live(s, 5, [1, s / 30 + 1]));
  assert.deepEqual(report.temp, { value: 5, atMs: NOON });
  assert.deepEqual(report.humidity, { value: 51, atMs: NOON + 90_000 });
  assert.equal(streamedReport(report, live(120, 5, [2, 5])).temp?.atMs, NOON + 120_000);
});

test('a list read before what the stream said changes no value', () => {
  const [listed] = listedReports(page(0));
  const known = streamedReport(undefined, live(10, 6, [2, 2]));
  const report = refreshedReport(known, listed!);
  assert.deepEqual([report.temp?.value, report.name], [6, 'Cold room']);
  assert.equal(refreshedReport(known, listedReports(page(20))[0]!).temp?.value, 5);
});
