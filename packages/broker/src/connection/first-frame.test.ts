import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FirstFrame, type FirstFrameState } from './first-frame.js';

const CONNECT = Buffer.from([0x10, 3, 1, 2, 3]);

function take(first: FirstFrame, pieces: readonly Uint8Array[]): FirstFrameState {
  let state: FirstFrameState;
  for (const piece of pieces) {
    state = first.take(Buffer.from(piece));
    if (state !== undefined) break;
  }
  return state;
}

describe('the first frame', () => {
  test('is whole in whatever pieces it comes, and what stands behind it is kept', () => {
    const rest = Buffer.from([0xc0, 0]);
    const bytes = Buffer.concat([CONNECT, rest]);
    for (let first = 1; first < bytes.length; first++)
      for (let second = first + 1; second <= bytes.length; second++) {
        const state = take(new FirstFrame(100), [
          bytes.subarray(0, first),
          bytes.subarray(first, second),
          bytes.subarray(second),
        ]);
        assert.ok(state !== undefined && 'frame' in state);
        assert.deepEqual(state.frame, CONNECT);
        assert.ok(rest.subarray(0, state.rest.length).equals(state.rest));
      }
  });

  test('of the longest length is taken, and one byte more refused before it comes', () => {
    const longest = Buffer.concat([Buffer.from([0x10, 98]), Buffer.alloc(98)]);
    const state = take(new FirstFrame(100), [longest.subarray(0, 50), longest.subarray(50)]);
    assert.ok(state !== undefined && 'frame' in state);
    assert.deepEqual(take(new FirstFrame(100), [Buffer.from([0x10]), Buffer.from([99])]), {
      refusal: 'a CONNECT of 101 bytes, more than 100',
    });
    assert.deepEqual(
      take(
        new FirstFrame(100),
        [[0x10, 0xff, 0xff], [0xff], [0x80]].map((piece) => Buffer.from(piece)),
      ),
      {
        refusal: 'a CONNECT whose length has more than four bytes',
      },
    );
  });

  test('that is something else is refused at its first byte, and named', () => {
    for (const [bytes, what] of [
      ['G', 'HTTP, where MQTT was expected'],
      ['POST / HTTP/1.1', 'HTTP, where MQTT was expected'],
      ['GEX', 'no CONNECT, but the byte 0x47, at the beginning'],
      ['\x16\x03\x01', 'TLS, where plain MQTT was expected'],
      ['\x30\x00', 'no CONNECT, but the byte 0x30, at the beginning'],
      ['\x00', 'no CONNECT, but the byte 0x00, at the beginning'],
    ] as const)
      assert.deepEqual(new FirstFrame(100).take(Buffer.from(bytes, 'latin1')), { refusal: what });
  });
});
