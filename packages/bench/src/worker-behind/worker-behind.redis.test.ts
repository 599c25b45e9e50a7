import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '../scenario.js';
import { assertLeftOut, roundsOf, smoke, unlessAsked } from '../smoke.fixture.js';
import type { Behind } from './behind-once.js';

test('worker-behind still runs, small, installs nothing, and every consumer counts every publish once', {
  skip: unlessAsked,
}, async () => {
  const report = await smoke('worker-behind');
  assertAllCounted(report, 'Mosquitto+worker+Redis', 4000);
  assertAllCounted(report, 'Mosquitto+30 lines+Redis', 1000);
  assertAllCounted(report, 'Mosquitto+bare socket', 4000);
  for (const setup of ['Mosquitto+Node-RED', 'NATS+worker+Redis', 'RabbitMQ+worker+Redis'])
    assertLeftOut(report, setup);
});

test('worker-behind has a broker that is only measured when it is named', { skip: unlessAsked }, async () => {
  const report = await smoke('worker-behind', '--peers', 'nats+worker+redis');
  assertAllCounted(report, 'NATS+worker+Redis', 1000);
});

/** Unless it was left out. */
function assertAllCounted(report: Report, setup: string, publishes: number): void {
  const [round] = roundsOf<Behind>(report, setup) ?? [];
  if (round === undefined) assertLeftOut(report, setup);
  else {
    assert.equal(round.publishes, publishes);
    assert.equal(round.counted, publishes);
    assert.equal(round.redisCpuUs === undefined, setup === 'Mosquitto+bare socket');
  }
}
