import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UnreadBytes } from './unread-bytes.js';

test('bytes that wait come out in their order, each connection its own, whatever memory they had before', () => {
  const sizes = fc.oneof(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 60_000, max: 70_000 }));
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          of: fc.integer({ min: 0, max: 2 }),
          added: sizes,
          dropped: sizes,
          fill: fc.integer({ min: 0, max: 255 }),
        }),
        { maxLength: 30 },
      ),
      (steps) => {
        const unread: (UnreadBytes | undefined)[] = [undefined, undefined, undefined];
        const wanted = [Buffer.alloc(0), Buffer.alloc(0), Buffer.alloc(0)];
        for (const { of, added, dropped, fill } of steps) {
          const piece = Buffer.alloc(added, fill);
          if (unread[of] === undefined) unread[of] = new UnreadBytes(piece);
          else unread[of].add(piece);
          wanted[of] = Buffer.concat([wanted[of]!, piece]);
          piece.fill(~fill);
          const count = Math.min(dropped, wanted[of].length);
          unread[of].drop(count);
          wanted[of] = wanted[of].subarray(count);
          for (const [i, one] of unread.entries())
            assert.ok((one?.bytes ?? Buffer.alloc(0)).equals(wanted[i]!));
          assert.ok(unread[of].memory >= unread[of].length);
          if (unread[of].length > 0) continue;
          unread[of].end();
          unread[of] = undefined;
        }
      },
    ),
    { numRuns: 50 },
  );
});
