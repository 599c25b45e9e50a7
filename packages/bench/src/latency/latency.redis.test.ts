import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertLeftOut, roundsOf, smoke } from '../smoke.fixture.js';
import type { LatencyOnce } from './latency-once.js';

test('latency still runs, small: every publish is acknowledged, and visible where there is an API', async () => {
  const report = await smoke('latency', '--peers', 'humtemp,aedes');
  assert.deepEqual(
    report.rows.slice(0, 3).map(([first]) => first),
    ['a bare EVALSHA', 'observation committed', '4 KiB written with an fsync'],
  );
  for (const peer of ['humtemp', 'aedes']) {
    const [round] = roundsOf<LatencyOnce>(report, peer) ?? [];
    if (round === undefined) {
      assertLeftOut(report, peer);
      continue;
    }
    for (const { wantedPerS, load, visible } of round.levels) {
      assert.equal(load.published, Math.floor(wantedPerS * 0.25));
      // What was due in the first 50 ms is not measured.
      const measured = load.published - Math.floor(wantedPerS * 0.05);
      assert.ok(
        Math.abs(load.acknowledged.count - measured) <= 2,
        `${load.acknowledged.count}, not ${measured}`,
      );
      assert.ok(load.acknowledged.p50Ms > 0 && load.acknowledged.maxMs >= load.acknowledged.p999Ms);
      if (peer === 'aedes') assert.equal(visible, undefined);
      else assert.ok(visible!.published > 0 && visible!.visible.count === visible!.published);
    }
  }
});
