import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from './chaos.js';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));

test(`whatever fails and however often, everything is counted exactly once (seed ${seed})`, async (t) => {
  const { recorded, counted } = await chaos({
    seed,
    observations: 20_000,
    labs: 200,
    ratePerS: 1500,
    faults: 12,
    tell: (line) => t.diagnostic(line),
  });
  assert.equal(counted, recorded);
});
