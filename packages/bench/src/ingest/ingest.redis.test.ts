import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertLeftOut, roundsOf, smoke } from '../smoke.fixture.js';
import type { Ingested } from './ingest-once.js';

const PEERS = ['humtemp', 'aedes', 'Mosquitto', 'Mosquitto+worker+Redis'];

for (const [name, qos, observations, peers] of [
  ['ingest-pipelined', '1', 5000, PEERS],
  ['ingest-many', '0', 1000, ['humtemp']],
] as const)
  test(`${name} still runs, small, at QoS ${qos}`, async () => {
    const report = await smoke(name, '--qos', qos, '--peers', peers.join());
    for (const peer of peers) {
      const [round] = roundsOf<Ingested>(report, peer) ?? [];
      if (round === undefined) assertLeftOut(report, peer);
      else {
        assert.equal(round.publishes, observations);
        assert.ok(round.publishesPerS > 0);
        if (qos === '1' || peer === 'humtemp') assert.equal(round.lost, 0);
      }
    }
  });
