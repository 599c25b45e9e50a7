import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PublishRate } from './publish-rate.js';

test('a rate lets a second’s worth through at once, and then as much as time gives', () => {
  const rate = new PublishRate(100, 0);
  assert.equal(rate.spend(100, 0), 0);
  assert.equal(rate.spend(1, 0), 10);
  assert.equal(rate.spend(1, 20), 0);
  assert.equal(rate.spend(200, 20), 2000);
  assert.equal(rate.spend(100, 1_000_000), 0);
  assert.equal(rate.spend(1, 1_000_000), 10);
});

test('whoever pauses as told never exceeds it, whatever comes at a time', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.array(fc.integer({ min: 1, max: 3000 })),
      (perSecond, pieces) => {
        const rate = new PublishRate(perSecond, 0);
        let nowMs = 0;
        let sum = 0;
        for (const publishes of pieces) {
          // What came before this piece, over the time that it took.
          assert.ok(sum <= perSecond + (nowMs / 1000) * perSecond + 1e-6 * sum + 1);
          sum += publishes;
          nowMs += rate.spend(publishes, nowMs);
        }
      },
    ),
  );
});
