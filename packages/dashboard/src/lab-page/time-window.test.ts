import assert from 'node:assert/strict';
import { test } from 'node:test';
import { moved, notBeyond, timeWindow, windowParameters, zoomed } from './time-window.js';

const NOW = Date.parse('2026-09-22T12:00:00Z');
const HOUR = 3_600_000;

test('a window is what the URL says, and the URL says what the window is', () => {
  assert.deepEqual(timeWindow({}, NOW), { span: '24h', fromMs: NOW - 24 * HOUR, toMs: NOW });
  assert.equal(timeWindow({ span: '7d' }, NOW).fromMs, NOW - 168 * HOUR);
  assert.equal(timeWindow({ span: 'toString' }, NOW).span, '24h');
  assert.equal(timeWindow({ from: '2026-09-22T09:00:00Z', to: 'yesterday' }, NOW).span, '24h');
  const fixed = timeWindow({ from: '2026-09-22T09:00:00Z', to: '2026-09-22T10:00:00Z' }, NOW);
  assert.deepEqual(timeWindow(windowParameters(fixed), NOW), fixed);
});

test('a window moves and grows, but never beyond now', () => {
  const now = timeWindow({ span: '3h' }, NOW);
  assert.equal(moved(now, 0.5, NOW).toMs, NOW);
  assert.equal(moved(now, -0.5, NOW).toMs, NOW - 1.5 * HOUR);
  assert.deepEqual(zoomed(now, 2, NOW), { span: undefined, fromMs: NOW - 6 * HOUR, toMs: NOW });
  const closer = zoomed(now, 0.5, NOW);
  assert.equal(closer.toMs - closer.fromMs, 1.5 * HOUR);
  const taken = { span: undefined, fromMs: NOW - HOUR, toMs: NOW + HOUR };
  assert.deepEqual(notBeyond(taken, NOW), { span: undefined, fromMs: NOW - 2 * HOUR, toMs: NOW });
});
