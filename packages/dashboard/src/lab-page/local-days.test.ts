import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localDaysKept } from './local-days.js';

const RESOLUTIONS = [
  { duration_s: 86_400, kept_s: 3660 * 86_400 },
  { duration_s: 300, kept_s: 7 * 86_400 },
  { duration_s: 3600, kept_s: 366 * 86_400 },
];
const NOW_MS = Date.parse('2026-11-29T11:00:00Z');

test('days of a zone reach as far back as what has borders there', () => {
  for (const [zone, expected] of [
    ['UTC', 3657],
    ['Europe/Berlin', 364],
    ['Australia/Lord_Howe', 5],
    ['Asia/Kathmandu', 5],
  ] as const)
    assert.equal(localDaysKept(RESOLUTIONS, zone, NOW_MS), expected, zone);
  assert.equal(localDaysKept(RESOLUTIONS.slice(0, 1), 'Europe/Berlin', NOW_MS), 0);
});
