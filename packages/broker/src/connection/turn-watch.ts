import type { SensorWatch } from './sensor-watch.js';

/** What a long turn of the event loop is, and how late a timer is that is late. */
const LONG_MS = 3;
/**
 * How long others than sensors rest after a turn in which they had theirs: the first time that a turn is long, twice as long with
 * each that is, at most, and how much less with each millisecond.
 */
const REST_MS = { first: 0.5, most: 4, lessPerMs: 1 / 250 };

/**
 * Looks how long the turns of the event loop take in which others than sensors have work. A turn takes longer than what is done
 * in it where V8 collects garbage, or where another process has the core; and a thread that rests now and then is
 * given a core sooner than one that never does. So while sensors publish and turns are long, the others rest between theirs.
 */
export class TurnWatch {
  #sinceMs: number | undefined;
  #lookedMs = 0;
  #restMs = 0;
  #isLong = false;

  constructor(readonly sensors: SensorWatch) {}

  /** Whether the last turn was long. */
  get isLong(): boolean {
    return this.#isLong;
  }

  /** How long those rest now who have had their turn. */
  get restMs(): number {
    return this.#restMs;
  }

  /** A turn begins. While somebody waits, the event loop does not: then the time from turn to turn is what a turn takes. */
  look(nowMs: number): void {
    this.#isLong = this.#sinceMs !== undefined && nowMs - this.#sinceMs > LONG_MS;
    this.#sinceMs = nowMs;
    this.#restMs =
      this.sensors.isExpecting(nowMs) && this.#isLong
        ? Math.min(REST_MS.most, Math.max(REST_MS.first, this.#restMs * 2))
        : Math.max(0, this.#restMs - (nowMs - this.#lookedMs) * REST_MS.lessPerMs);
    this.#lookedMs = nowMs;
  }

  /** Nobody waits, or all rest: the time until the next look says nothing. @param untilMs when a timer is due; then it is looked again. */
  pause(untilMs?: number): void {
    this.#sinceMs = untilMs;
  }
}
