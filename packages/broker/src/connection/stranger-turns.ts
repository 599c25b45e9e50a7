import { Allowance } from './allowance.js';
import { CommitsFirst } from './commits-first.js';
import { SensorWatch } from './sensor-watch.js';
import { TurnWatch } from './turn-watch.js';

/** How long strangers may take in one turn of the event loop: a TLS handshake takes some tenths of a millisecond, or a few with an RSA key. */
const TURN_MS = 1;
/**
 * Which part of the time they may take while sensors publish, and how many milliseconds of it at once. What a handshake leaves behind,
 * V8 collects, and sensors wait for that, too.
 */
const BESIDE_SENSORS = { part: 1 / 6, most: 0.5 };
/** How long they rest at least when they have taken it. */
const REST_MS = 1;
/** What one of them may have cost, in milliseconds: more than that, and the process stood still meanwhile. */
const COST_MS_MAX = 50;
/** More have no turn in one of the event loop, however short it is. */
const SERVED_MAX = 16;

/**
 * Does what is to be done for connections of strangers, to begin with them or to close them, as long as there is time in a turn of
 * the event loop, in the order of their coming: they may be thousands at once, and what clients publish is not to wait for all of
 * them. Each has a callback of its own, behind which the clock has seen all that it cost. While sensors publish, they have a part of the
 * time only. Between turns that are long they rest, and observations that await their commit go first: see `TurnWatch` and `CommitsFirst`.
 */
export class StrangerTurns {
  readonly #waiting = new Set<() => void>();
  readonly #watch: TurnWatch;
  readonly #first: CommitsFirst;
  readonly #time = new Allowance(1, BESIDE_SENSORS.most);
  /** When they began to work in this turn; long ago: they do not. */
  #beganMs = Number.NEGATIVE_INFINITY;
  /** When the last work began. */
  #sinceMs = 0;
  /** Whether anybody had a turn since the last look. */
  #hasServed = false;
  #restsUntilMs = 0;
  #isScheduled = false;
  readonly #turn = () => this.#begin();
  readonly #next = () => this.#serve();
  readonly #done = () => this.#time.spend(Math.min(this.nowMs() - this.#sinceMs, COST_MS_MAX));

  /** @param sensors for whom strangers rest. */
  constructor(
    readonly nowMs: () => number = () => performance.now(),
    readonly sensors: SensorWatch = new SensorWatch(),
  ) {
    this.#watch = new TurnWatch(sensors);
    this.#first = new CommitsFirst(sensors, nowMs);
  }

  /** Calls `work` once, when it is its turn. */
  add(work: () => void): void {
    this.#waiting.add(work);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  #begin(): void {
    this.#isScheduled = false;
    const nowMs = this.nowMs();
    this.#lookAtTurn(nowMs);
    this.#beganMs = Number.NEGATIVE_INFINITY;
    if (nowMs < this.#restsUntilMs) {
      this.#sleep();
      return;
    }
    if (this.#first.mustWait) {
      this.#isScheduled = true;
      this.#watch.pause();
      this.#first.wait(this.#turn);
      return;
    }
    this.#beganMs = nowMs;
    this.#serve();
    if (this.#waiting.size === 0) {
      this.#watch.pause();
      return;
    }
    // These come in the next turn, behind the one that begins it.
    this.#schedule();
    for (let i = 1; i < SERVED_MAX; i++) setImmediate(this.#next);
  }

  /** What the last turn has cost, and how long they rest for it. */
  #lookAtTurn(nowMs: number): void {
    this.#watch.look(nowMs);
    if (this.#hasServed) this.#restsUntilMs = nowMs + this.#watch.restMs;
    this.#hasServed = false;
    const isExpecting = this.sensors.isExpecting(nowMs);
    this.#time.fill(nowMs, isExpecting ? BESIDE_SENSORS.part : 1);
    if (isExpecting && !this.#time.hasLeft)
      this.#restsUntilMs = Math.max(this.#restsUntilMs, nowMs + REST_MS);
  }

  #sleep(): void {
    this.#isScheduled = true;
    this.#watch.pause(this.#restsUntilMs);
    setTimeout(this.#turn, this.#restsUntilMs - this.nowMs()).unref();
  }

  #serve(): void {
    const nowMs = this.nowMs();
    if (this.#waiting.size === 0 || nowMs - this.#beganMs >= TURN_MS) return;
    const [work] = this.#waiting;
    this.#waiting.delete(work!);
    this.#hasServed = true;
    this.#sinceMs = nowMs;
    work!();
    // Behind what it has left for the end of this callback: of TLS, almost all.
    process.nextTick(this.#done);
  }
}
