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

/** What waits of one publisher, in order. */
interface Line {
  waiting: Waiting[];
  /** Where the next one stands. */
  head: number;
}

/**
 * Publishes on their way to subscribers, those of one publisher in the order in which they came, and the publishers by
 * turns:
 *
 *     add() ──▶ delivered at once, while the turn of the event loop has costs left ──▶ done()
 *       └─────▶ wait for the next turns, between which everybody else is served ──▶ done()
 *                └─ too many or too old: isFull, until there are few
 */
export class FanOut {
  /** By publisher; whose turn is next comes first. */
  readonly #lines = new Map<object, Line>();
  #count = 0;
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
    return this.#count;
  }

  /** @param publisher whose publishes keep their order. */
  add(spread: Spread, publisher: object): void {
    const waiting = { spread, sinceMs: this.nowMs() };
    const line = this.#lines.get(publisher);
    if (line === undefined) this.#lines.set(publisher, { waiting: [waiting], head: 0 });
    else line.waiting.push(waiting);
    this.#count += 1;
    if (!this.#isFull && this.#count >= WAITING_MAX) this.#setFull(true);
    this.#deliver();
  }

  #deliver(): void {
    // What is done may bring more.
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    while (this.#left > 0 && this.#count > 0) {
      const [first] = this.#lines;
      const [publisher, line] = first!;
      const { spread } = line.waiting[line.head]!;
      const cost = spread.step();
      this.#left -= cost + 1;
      if (cost > 0) continue;
      this.#count -= 1;
      this.#next(publisher, line);
      spread.done();
    }
    this.#isDelivering = false;
    // Also for the sake of a whole turn's costs.
    if (this.#isScheduled || this.#left === COST_OF_TURN) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  /** One of a publisher is through: the others have their turn before its next one. */
  #next(publisher: object, line: Line): void {
    line.head += 1;
    if (this.#lines.size > 1 || line.head === line.waiting.length) this.#lines.delete(publisher);
    if (line.head === line.waiting.length) return;
    if (line.head > 100 && line.head * 2 > line.waiting.length) {
      line.waiting = line.waiting.slice(line.head);
      line.head = 0;
    }
    if (!this.#lines.has(publisher)) this.#lines.set(publisher, line);
  }

  /** Full until half of it is gone. */
  #look(): void {
    const [line] = this.#lines.values();
    const ageMs = line === undefined ? 0 : this.nowMs() - line.waiting[line.head]!.sinceMs;
    if (this.#isFull) {
      if (this.#count <= WAITING_MAX / 2 && ageMs <= AGE_MS_MAX / 2) this.#setFull(false);
    } else if (ageMs > AGE_MS_MAX) this.#setFull(true);
  }

  #setFull(isFull: boolean): void {
    this.#isFull = isFull;
    this.onFull(isFull);
  }
}
