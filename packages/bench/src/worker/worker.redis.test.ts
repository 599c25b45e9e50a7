import assert from 'node:assert/strict';
import { test } from 'node:test';
import { smoke, unlessAsked } from '../smoke.fixture.js';

const NAMES = ['mqtt.js message event', '30 lines, Redis', 'tap, a store that counts', 'tap, Redis'];

for (const [scenario, prefix, skip] of [
  ['worker', '', false],
  ['worker-mapped', 'zigbee2mqtt: ', unlessAsked],
] as const)
  test(`${scenario} still runs, small`, { skip }, async () => {
    const { rows } = await smoke(scenario);
    assert.deepEqual(
      rows.map(([first]) => first),
      NAMES.map((name) => `${prefix}${name}`),
    );
  });
