import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnackFlags } from './connack-flags.js';

test('the session-present flag is set in the CONNACK, in whatever pieces it is written', () => {
  const bytes = Buffer.from([0x20, 2, 0, 0, 0x20, 2, 0, 0]);
  for (const hasSession of [true, false])
    for (let cut = 0; cut < 4; cut++) {
      const flags = new ConnackFlags(() => hasSession);
      const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)].map((piece) => flags.mend(piece));
      assert.deepEqual(Buffer.concat(pieces), Buffer.from([0x20, 2, hasSession ? 1 : 0, 0, 0x20, 2, 0, 0]));
      assert.ok(flags.isPast);
    }
  assert.equal(bytes[2], 0);
});
