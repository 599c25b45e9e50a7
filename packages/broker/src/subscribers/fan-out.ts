/** A publish that goes to its subscribers in turn. */
export interface Spread {
  /** Delivers to some more. @returns what that cost; 0: it is through. */
  step(): number;
  /** It is at its subscribers. */
  done(): void;
}

/** What one turn of the event loop may cost: about 3 ms. */
const COST_OF_TURN = 1500;
/** From so many on, or from such an age of the oldest on, publishers have to wait. */
const WAITING_MAX = 5000;
const AGE_MS_MAX = 50;

interface Waiting {
  readonly spread: Spread;
  readonly sinceMs: number;
}

/**
 * Publishes on their way to subscribers, in the order in which they came:
 *
 *     add() ──▶ delivered at once, while the turn of the event loop has costs left ──▶ done()
 *       └─────▶ wait for the next turns, between which everybody else is served ──▶ done()
 *                └─ too many or too old: isFull, until there are few
 */
export class FanOut {
  #waiting: Waiting[] = [];
  /** Where the next one stands. */
  #head = 0;
  /** What is left of this turn. */
  #left = COST_OF_TURN;
  #isScheduled = false;
  #isDelivering = false;
  #isFull = false;
  readonly #turn = () => {
    this.#isScheduled = false;
    this.#left = COST_OF_TURN;
    this.#deliver();
    this.#look();
  };

  /** @param onFull called when publishers have to wait, and when they need not any more. */
  constructor(
    readonly onFull: (isFull: boolean) => void,
    readonly nowMs: () => number = () => performance.now(),
  ) {}

  /** Whether publishers have to wait. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get count(): number {
    return this.#waiting.length - this.#head;
  }

  add(spread: Spread): void {
    this.#waiting.push({ spread, sinceMs: this.nowMs() });
    if (!this.#isFull && this.count >= WAITING_MAX) this.#setFull(true);
    this.#deliver();
  }

  #deliver(): void {
    // What is done may bring more.
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (this.#left > 0 && this.#head < this.#waiting.length) {
      const { spread } = this.#waiting[this.#head]!;
      const cost = spread.step();
      this.#left -= cost + 1;
      if (cost > 0) continue;
      this.#head += 1;
      spread.done();
    }
    this.#isDelivering = false;
    if (this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    // Also for the sake of a whole turn's costs.
    if (this.#isScheduled || this.#left === COST_OF_TURN) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  /** Full until half of it is gone. */
  #look(): void {
    const oldest = this.#waiting[this.#head];
    const ageMs = oldest === undefined ? 0 : this.nowMs() - oldest.sinceMs;
    if (this.#isFull) {
      if (this.count <= WAITING_MAX / 2 && ageMs <= AGE_MS_MAX / 2) this.#setFull(false);
    } else if (ageMs > AGE_MS_MAX) this.#setFull(true);
  }

  #setFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.onFull(isFull);
  }
}
