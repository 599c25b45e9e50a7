import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LatencyHistogram } from './latency-histogram.js';

test('quantiles are within a microsecond or 0.2 % of the exact ones', () => {
  const histogram = new LatencyHistogram();
  const times = Array.from({ length: 30_000 }, (_, i) => 1.0007 ** i / 1000);
  for (const ms of times) histogram.record(ms);
  for (const quantile of [0.001, 0.25, 0.5, 0.9, 0.99, 0.999]) {
    const exact = times[Math.ceil(quantile * times.length) - 1]!;
    const found = histogram.quantileMs(quantile);
    assert.ok(Math.abs(found - exact) <= Math.max(0.001, exact / 500), `${quantile}: ${found}, not ${exact}`);
  }
  assert.equal(histogram.summary().maxMs, times.at(-1));
});

test('several that took the same time are recorded at once', () => {
  const histogram = new LatencyHistogram();
  histogram.record(0.2, 98);
  histogram.record(7, 2);
  const { count, p50Ms, p99Ms } = histogram.summary();
  assert.deepEqual([count, p50Ms], [100, 0.2]);
  assert.ok(Math.abs(p99Ms - 7) < 0.014);
});
