import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertLeftOut, roundsOf, smoke, unlessAsked } from '../smoke.fixture.js';
import type { Grown } from './growth-once.js';

test('growth still runs, small: the same observations whatever the number of labs, and a folder that holds them', {
  skip: unlessAsked,
}, async () => {
  const report = await smoke('growth');
  for (const peer of ['humtemp', 'Mosquitto+worker+Redis']) {
    const [round] = roundsOf<readonly Grown[]>(report, peer) ?? [];
    if (round === undefined) {
      assertLeftOut(report, peer);
      continue;
    }
    assert.deepEqual(
      round.map(({ labs, load }) => [labs, load.publishes]),
      [
        [100, 5000],
        [1000, 5000],
      ],
    );
    for (const { folderBytes } of round) assert.ok(folderBytes > 5000 * 8, `${folderBytes} bytes`);
  }
});
