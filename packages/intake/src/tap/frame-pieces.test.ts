import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FramePieces } from './frame-pieces.js';

test('frames that come in pieces by turns are whole again, each its own', () => {
  const pieces = fc.uint8Array({ minLength: 1, maxLength: 5000 });
  fc.assert(
    fc.property(
      fc.array(fc.record({ frame: fc.integer({ min: 0, max: 4 }), piece: pieces, isWhole: fc.boolean() }), {
        maxLength: 40,
      }),
      (steps) => {
        const frames = Array.from({ length: 5 }, () => new FramePieces());
        const wanted = frames.map(() => Buffer.alloc(0));
        for (const { frame, piece, isWhole } of steps) {
          const kept = frames[frame]!;
          const memory = kept.memoryWith(piece.length);
          const around = Buffer.concat([Buffer.from('<'), piece, Buffer.from('>')]);
          kept.add(around, 1, around.length - 1);
          around.fill(0);
          wanted[frame] = Buffer.concat([wanted[frame]!, piece]);
          assert.equal(kept.length, wanted[frame].length);
          assert.ok(memory >= kept.length && memory < 2 * kept.length + 4096);
          assert.ok(wanted[frame].subarray(0, kept.beginning.length).equals(kept.beginning));
          assert.ok(kept.beginning.length >= Math.min(kept.length, 5));
          if (!isWhole) continue;
          assert.deepEqual(kept.join(), wanted[frame]);
          kept.clear();
          wanted[frame] = Buffer.alloc(0);
        }
        for (const [i, kept] of frames.entries()) assert.deepEqual(kept.join(), wanted[i]);
      },
    ),
  );
});
