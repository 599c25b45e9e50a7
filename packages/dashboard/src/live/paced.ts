import { batch, effect, type ReadonlySignal, type Signal, signal, untracked } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

/** Pieces drawn anew in one frame: so many tiles take a slow machine some 15 ms with layout and paint. */
export const PIECES_PER_FRAME = 16;

/**
 * Draws what has changed a few pieces in each frame. All labs report each second; to draw all their tiles at once would
 * hold up the page, and whoever types or scrolls.
 */
export class Pace {
  readonly #due = new Set<() => void>();
  #isAsked = false;

  constructor(readonly nextFrame: (action: () => void) => void) {}

  /** Runs the piece in its turn, once, however often it is asked for until then. */
  want(piece: () => void): void {
    this.#due.add(piece);
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.nextFrame(() => this.#draw());
  }

  drop(piece: () => void): void {
    this.#due.delete(piece);
  }

  #draw(): void {
    this.#isAsked = false;
    const pieces = [...this.#due].slice(0, PIECES_PER_FRAME);
    for (const piece of pieces) this.#due.delete(piece);
    batch(() => {
      for (const piece of pieces) piece();
    });
    if (this.#due.size > 0 && !this.#isAsked) {
      this.#isAsked = true;
      this.nextFrame(() => this.#draw());
    }
  }
}

/** A page in the background has no frames: it is drawn when somebody looks at it. */
const pace = new Pace((action) => requestAnimationFrame(action));

/** What is read from signals, now and in a frame soon after each change of theirs. */
export function usePaced<T>(read: () => T): T {
  const shown = useMemo<Signal<T>>(() => signal(untracked(read)), []);
  useEffect(() => follow(read, shown, pace), []);
  return (shown as ReadonlySignal<T>).value;
}

/** Keeps `shown` at what is read. Returns what ends that. */
export function follow<T>(read: () => T, shown: Signal<T>, pace: Pace): () => void {
  const piece = () => {
    shown.value = untracked(read);
  };
  let isFirst = true;
  const stop = effect(() => {
    read();
    // Only what comes after is news.
    if (!isFirst) pace.want(piece);
    isFirst = false;
  });
  return () => {
    stop();
    pace.drop(piece);
  };
}
