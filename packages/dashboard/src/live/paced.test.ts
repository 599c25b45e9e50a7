import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signal } from '@preact/signals';
import { follow, Pace, PIECES_PER_FRAME } from './paced.js';

/** Frames that come when the test lets them. */
class Frames {
  #next: (() => void)[] = [];
  readonly ask = (action: () => void) => {
    this.#next.push(action);
  };
  /** Lets one pass; whether anything waited for it. */
  pass(): boolean {
    const now = this.#next;
    this.#next = [];
    for (const action of now) action();
    return now.length > 0;
  }
}

test('a change of everything is drawn a few pieces in each frame, each piece once, with the newest', () => {
  const frames = new Frames();
  const pace = new Pace(frames.ask);
  const now = signal(1);
  const count = PIECES_PER_FRAME * 2 + 1;
  const shown = Array.from({ length: count }, () => signal(0));
  const ends = shown.map((one) => follow(() => now.value, one, pace));
  const drawn = (value: number) => shown.filter((one) => one.peek() === value).length;

  now.value = 2;
  now.value = 3;
  assert.equal(drawn(3), 0);
  frames.pass();
  assert.equal(drawn(3), PIECES_PER_FRAME);
  now.value = 4;
  frames.pass();
  assert.deepEqual(
    shown.map((one) => one.peek() === 4),
    shown.map((_, i) => i >= PIECES_PER_FRAME && i < 2 * PIECES_PER_FRAME),
    'those that wait come before those that come again',
  );
  frames.pass();
  assert.ok(frames.pass());
  assert.equal(drawn(4), count);
  assert.equal(drawn(2), 0);
  frames.pass();
  assert.equal(frames.pass(), false, 'nothing is asked for while nothing changes');

  now.value = 5;
  for (const end of ends) end();
  frames.pass();
  assert.equal(drawn(5), 0, 'what has gone is not drawn');
});

test('what is new is drawn at once as long as the frame has room, and else in its turn', () => {
  const frames = new Frames();
  const pace = new Pace(frames.ask);
  const now = signal(1);
  const shown = Array.from({ length: PIECES_PER_FRAME + 3 }, () =>
    signal(pace.takeNow() ? now.peek() : undefined),
  );
  for (const one of shown) follow(() => now.value, one, pace);
  assert.equal(shown.filter((one) => one.peek() === undefined).length, 3);
  frames.pass();
  assert.equal(shown.filter((one) => one.peek() === undefined).length, 0);
});
