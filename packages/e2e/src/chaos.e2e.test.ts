import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chaos } from './chaos.js';
import { chaosEmbedded } from './chaos-embedded.js';

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

test(`whatever happens to humtemp start, everything is counted exactly once (seed ${seed})`, async (t) => {
  const { recorded, counted } = await chaosEmbedded({
    seed,
    observations: 3000,
    labs: 200,
    ratePerS: 1500,
    faults: 4,
    tell: (line) => t.diagnostic(line),
  });
  assert.equal(counted, recorded);
});
