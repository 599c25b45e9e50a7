import type { TapTurns, TurnKind } from '@humtemp/intake';
import { Allowance } from './allowance.js';
import { SensorWatch } from './sensor-watch.js';
import { TurnWatch } from './turn-watch.js';

interface Waiting {
  takeTurn(): void;
}

/** How long those may work in a turn of the event loop that send more than a sensor does, and those whose frames pass. */
const TURN_MS = { taking: 4, passing: 0.5 };
/** How often somebody's turn may come in one turn of the event loop, as long as there is time. */
const SERVED_MAX = 32;
/** Clients that may be at work at a time on frames that passed; fewer, down to this, while turns of the event loop are long. */
const AT_WORK = { least: 1, most: 64 };
/** Turns after which nobody is waited for: it may be a client that does not read. */
const AT_WORK_TURNS = 16;
/**
 * Bytes of long frames that may pass in a millisecond, which part of it while sensors publish, and how many at once. Each takes memory
 * outside of V8's heap, and too much of it makes V8 collect all of its heap.
 */
const PASSING = { bytesPerMs: 16 * 1024, besideSensors: 1 / 2, most: 256 * 1024 };
/** How long one waits at least who may pass nothing now. */
const WAIT_MS = 1;
/** Bytes that may be unread before those who send much read no more, until half of them are gone. */
const BYTES_MAX = 16 * 1024 * 1024;
const KINDS = ['take', 'pass'] as const;

/**
 * Shares the time of reading among connections. Each works on what it has read while there is time left in this turn of
 * the event loop; what is left waits for the next turns, in which connections follow each other.
 *
 * What a frame costs that passes is not known: a ping takes microseconds, a subscription to ten filters of a hundred levels a
 * thousand times as much, and most of it is done when the call has returned that has passed it. So each is served by a
 * callback of its own, behind which the clock has seen all that it cost. Where work is left for later callbacks all the same,
 * a client is at work until its endpoint asks for more, and only few are at a time: the fewer, the longer the turns of the event
 * loop take. And frames that pass rest between turns that are long: see `TurnWatch`.
 */
export class ReadTurns implements TapTurns {
  /** When somebody began to work in this turn. */
  #beganMs: number | undefined;
  /** In the order in which they began to wait, by what they wait for. */
  readonly #waiting: Record<TurnKind, Set<Waiting>> = { take: new Set(), pass: new Set() };
  /** Who is served before the others: one after the other. */
  #first = 0;
  /** Whose frames have passed and are worked on, and since which turn; the eldest first. */
  readonly #atWork = new Map<object, number>();
  #atWorkMax = AT_WORK.most;
  /** Turns so far, while anybody waits or works. */
  #turns = 0;
  readonly #watch: TurnWatch;
  readonly #passing = new Allowance(PASSING.bytesPerMs, PASSING.most);
  /** Whether frames passed since the last look. */
  #hasPassed = false;
  #restsUntilMs = 0;
  /** When the timer is due that begins the next turn. */
  #dueMs: number | undefined;
  #bytes = 0;
  #isFull = false;
  #isScheduled = false;
  readonly #turn = () => this.#begin();
  readonly #next = () => this.#serve();
  /** Whether one may be served. */
  readonly #has: Record<TurnKind, () => boolean> = {
    take: () => this.#spentMs < TURN_MS.passing,
    pass: () => this.#mayAnybodyPass,
  };
  /** Not a number until somebody asks for it in this turn. */
  #receivedMs = Number.NaN;

  /**
   * @param onChange called when `isFull` has changed: all connections must look whether they may read.
   * @param unixMs the clock that receipts go by. @param nowMs one for durations. @param sensors for whom others rest.
   */
  constructor(
    readonly onChange: () => void,
    readonly unixMs: () => number = Date.now,
    readonly nowMs: () => number = () => performance.now(),
    readonly sensors: SensorWatch = new SensorWatch(),
  ) {
    this.#watch = new TurnWatch(sensors);
  }

  get receivedMs(): number {
    if (Number.isNaN(this.#receivedMs)) {
      this.#receivedMs = this.unixMs();
      this.#schedule();
    }
    return this.#receivedMs;
  }

  get hasLeft(): boolean {
    return this.#spentMs < TURN_MS.taking;
  }

  mayPass(tap: object): boolean {
    return !this.#atWork.has(tap) && this.#mayAnybodyPass;
  }

  works(tap: object, longBytes: number): void {
    this.#passing.spend(longBytes);
    this.#hasPassed = true;
    if (this.#atWork.has(tap)) return;
    this.#atWork.set(tap, this.#turns);
    this.#schedule();
  }

  rests(tap: object): void {
    if (this.#atWork.delete(tap) && this.#waiting.pass.size > 0) setImmediate(this.#next);
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  keep(bytes: number): void {
    this.#bytes += bytes;
    const isFull = this.#bytes >= (this.#isFull ? BYTES_MAX / 2 : BYTES_MAX);
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    // Not from within one of them.
    setImmediate(this.onChange);
  }

  wait(tap: Waiting, kind: TurnKind): void {
    this.#waiting[kind].add(tap);
    this.#schedule();
  }

  get #mayAnybodyPass(): boolean {
    if (this.#atWork.size >= this.#atWorkMax || !this.#passing.hasLeft) return false;
    return this.#spentMs < TURN_MS.passing && this.nowMs() >= this.#restsUntilMs;
  }

  get #spentMs(): number {
    const nowMs = this.nowMs();
    if (this.#beganMs === undefined) {
      this.#beganMs = nowMs;
      this.#schedule();
    }
    return nowMs - this.#beganMs;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#turn);
  }

  #begin(): void {
    this.#isScheduled = false;
    this.#beganMs = undefined;
    this.#receivedMs = Number.NaN;
    this.#turns += 1;
    this.#forgetLongAtWork();
    if (KINDS.every((kind) => this.#waiting[kind].size === 0)) {
      this.#watch.pause();
      return;
    }
    const nowMs = this.nowMs();
    this.#lookAtTurn(nowMs);
    this.#passing.fill(nowMs, this.sensors.isExpecting(nowMs) ? PASSING.besideSensors : 1);
    if (this.#waiting.take.size === 0 && (!this.#passing.hasLeft || nowMs < this.#restsUntilMs)) {
      this.#sleep(nowMs);
      return;
    }
    this.#serve();
    // These come in the next turn, behind the one that begins it.
    this.#schedule();
    for (let i = 0; i < SERVED_MAX; i++) setImmediate(this.#next);
  }

  #sleep(nowMs: number): void {
    if (this.#dueMs === undefined) {
      const forMs = Math.max(WAIT_MS, this.#restsUntilMs - nowMs);
      this.#dueMs = nowMs + forMs;
      setTimeout(() => {
        this.#dueMs = undefined;
        this.#schedule();
      }, forMs).unref();
    }
    this.#watch.pause(this.#dueMs);
  }

  #forgetLongAtWork(): void {
    for (const [tap, turn] of this.#atWork) {
      if (this.#turns - turn < AT_WORK_TURNS) break;
      this.#atWork.delete(tap);
    }
  }

  #lookAtTurn(nowMs: number): void {
    const watch = this.#watch;
    watch.look(nowMs);
    this.#atWorkMax = watch.isLong
      ? Math.max(AT_WORK.least, Math.floor(this.#atWorkMax / 2))
      : Math.min(AT_WORK.most, this.#atWorkMax + 1);
    if (this.#hasPassed) this.#restsUntilMs = nowMs + watch.restMs;
    this.#hasPassed = false;
  }

  #serve(): void {
    this.#first += 1;
    for (let i = 0; i < KINDS.length; i++) if (this.#serves(KINDS[(this.#first + i) % KINDS.length]!)) return;
  }

  #serves(kind: TurnKind): boolean {
    const waiting = this.#waiting[kind];
    if (waiting.size === 0 || !this.#has[kind]()) return false;
    for (const tap of waiting) {
      if (kind === 'pass' && this.#atWork.has(tap)) continue;
      waiting.delete(tap);
      tap.takeTurn();
      return true;
    }
    return false;
  }
}
