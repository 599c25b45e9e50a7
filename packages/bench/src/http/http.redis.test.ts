import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertLeftOut, roundsOf, smoke, unlessAsked } from '../smoke.fixture.js';
import type { Posted } from './http-session.js';

test('http still runs, small, and every 200 is counted', { skip: unlessAsked }, async () => {
  const peers = ['node:http', 'FastAPI+Redis', 'humtemp+Redis', 'humtemp', 'humtemp over MQTT'];
  const report = await smoke('http', '--peers', peers.join());
  for (const peer of peers.slice(0, -1)) {
    const [round] = roundsOf<Posted[]>(report, peer) ?? [];
    if (round === undefined) assertLeftOut(report, peer);
    else
      for (const posted of round) {
        assert.ok(posted.observations > 0);
        assert.ok(posted.latencyMs!.p99 >= posted.latencyMs!.p50);
      }
  }
  assert.equal(roundsOf<Posted[]>(report, 'humtemp over MQTT')![0]![0]!.observations, 5000);
});
