import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { assertLeftOut, roundsOf, smoke, unlessAsked } from '../smoke.fixture.js';
import type { Started } from './start-once.js';

const ACCEPTING = ['node -e', 'humtemp start+labs', 'Mosquitto'];
const READY = ['humtemp start+labs', 'humtemp worker', 'FastAPI'];

test('startup still runs, small', { skip: unlessAsked }, async () => {
  const peers = [...new Set([...ACCEPTING, ...READY])];
  const report = await smoke('startup', '--peers', peers.join());
  for (const peer of peers) {
    const [started] = roundsOf<Started>(report, peer) ?? [];
    if (started === undefined) assertLeftOut(report, peer);
    else {
      assert.equal(started.acceptsMs !== undefined, ACCEPTING.includes(peer), peer);
      assert.equal(started.readyMs !== undefined, READY.includes(peer), peer);
      assert.equal(started.memory !== undefined, existsSync('/proc/self/stat'), peer);
    }
  }
});
