import { batch, effect, type Signal, signal, untracked } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';

/** Pieces drawn anew in one frame: so many tiles take a slow machine some 15 ms with layout and paint. */
export const PIECES_PER_FRAME = 16;

/**
 * Draws what has changed a few pieces in each frame. All labs report each second; to draw all their tiles at once would
 * hold up the page, and whoever types or scrolls.
 */
export class Pace {
  readonly #due = new Set<() => void>();
  #drawnInFrame = 0;
  #isAsked = false;

  constructor(readonly nextFrame: (action: () => void) => void) {}

  /** Whether one more may be drawn in this frame, at once. */
  takeNow(): boolean {
    if (this.#drawnInFrame >= PIECES_PER_FRAME) return false;
    this.#drawnInFrame += 1;
    this.#ask();
    return true;
  }

  /** Runs the piece in its turn, once, however often it is asked for until then. */
  want(piece: () => void): void {
    this.#due.add(piece);
    this.#ask();
  }

  drop(piece: () => void): void {
    this.#due.delete(piece);
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.nextFrame(() => this.#draw());
  }

  #draw(): void {
    this.#isAsked = false;
    const pieces = [...this.#due].slice(0, PIECES_PER_FRAME);
    this.#drawnInFrame = pieces.length;
    for (const piece of pieces) this.#due.delete(piece);
    batch(() => {
      for (const piece of pieces) piece();
    });
    if (pieces.length > 0) this.#ask();
  }
}

/** A page in the background has no frames: it is drawn when somebody looks at it. */
const pace = new Pace((action) => requestAnimationFrame(action));

/** What is read from signals, in a frame soon after each change of theirs; undefined until its first turn has come. */
export function usePaced<T>(read: () => T): T | undefined {
  const shown = useMemo(() => signal(pace.takeNow() ? untracked(read) : undefined), []);
  useEffect(() => follow(read, shown, pace), []);
  return shown.value;
}

/** Keeps `shown` at what is read. Returns what ends that. */
export function follow<T>(read: () => T, shown: Signal<T | undefined>, pace: Pace): () => void {
  const piece = () => {
    shown.value = untracked(read);
  };
  let isNew = shown.peek() === undefined;
  let isFirst = true;
  const stop = effect(() => {
    read();
    if (!isFirst || isNew) pace.want(piece);
    isFirst = false;
    isNew = false;
  });
  return () => {
    stop();
    pace.drop(piece);
  };
}
