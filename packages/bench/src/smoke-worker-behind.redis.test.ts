import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertLeftOut, roundsOf, smoke } from './smoke.fixture.js';
import type { Behind } from './worker-behind/behind-once.js';

test('worker-behind still runs, small, installs nothing, and every consumer counts every publish once', async () => {
  const report = await smoke('worker-behind');
  for (const [setup, publishes] of [
    ['Mosquitto+worker+Redis', 4000],
    ['Mosquitto+30 lines+Redis', 1000],
    ['Mosquitto+bare socket', 4000],
    ['NATS+worker+Redis', 1000],
  ] as const) {
    const [round] = roundsOf<Behind>(report, setup) ?? [];
    if (round === undefined) assertLeftOut(report, setup);
    else {
      assert.equal(round.publishes, publishes);
      assert.equal(round.counted, publishes);
      assert.equal(round.redisCpuUs === undefined, setup === 'Mosquitto+bare socket');
    }
  }
  for (const setup of ['Mosquitto+Node-RED', 'RabbitMQ+worker+Redis']) assertLeftOut(report, setup);
});
