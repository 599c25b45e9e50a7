import type { SensorWatch } from './sensor-watch.js';

/** Nobody waits longer for what sensors have published: there may be sensors that never cease, and a store that does not answer. */
const WAIT_MS_MAX = 4;
/** How long strangers may work after that, whatever has come meanwhile. */
const TURN_MS = 1;

/**
 * Lets observations that await their commit go first. A commit takes two turns of the event loop besides its write to the disk: one that
 * reads the publish, and one that hears of the write. What is done for strangers in these turns, a sensor waits for.
 */
export class CommitsFirst {
  #goOn: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the commit loop has a callback of ours. */
  #isAwaited = false;
  #mayUntilMs = 0;

  /** @param nowMs a clock for durations. */
  constructor(
    readonly sensors: SensorWatch,
    readonly nowMs: () => number,
  ) {}

  /** Whether strangers must wait now. */
  get mustWait(): boolean {
    return this.sensors.isAwaitingCommit && this.nowMs() >= this.#mayUntilMs;
  }

  /** Calls back when strangers may work, in a turn of its own. Who waits already waits on. */
  wait(goOn: () => void): void {
    if (this.#goOn !== undefined) return;
    this.#goOn = goOn;
    this.#timer = setTimeout(() => this.#release(), WAIT_MS_MAX);
    this.#timer.unref();
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.sensors.afterCommit(() => {
      this.#isAwaited = false;
      this.#release();
    });
  }

  #release(): void {
    const goOn = this.#goOn;
    if (goOn === undefined) return;
    this.#goOn = undefined;
    clearTimeout(this.#timer);
    // From then on, not from now: what is read in this turn may take longer than theirs.
    setImmediate(() => {
      this.#mayUntilMs = this.nowMs() + TURN_MS;
      goOn();
    });
  }
}
