/** Observations on their way to the store. */
export interface Commits {
  /** How many await their commit. */
  readonly inFlight: number;
  /** Calls back once all that came so far is committed, or was rejected. */
  afterSettled(callback: () => void): void;
}

/** Nobody waits longer for what sensors have published: there may be sensors that never cease, and a store that does not answer. */
const WAIT_MS_MAX = 4;
/** How long others may work after that, whatever has come meanwhile. */
const TURN_MS = 1;

/**
 * Lets observations that await their commit go first. A commit takes two turns of the event loop besides its write to the disk: one that
 * reads the publish, and one that hears of the write. What others do in these turns, a sensor waits for.
 */
export class CommitsFirst {
  #goOn: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Whether the commit loop has a callback of ours. */
  #isAwaited = false;
  #mayUntilMs = 0;

  /** @param commits undefined: there are none. @param nowMs a clock for durations. */
  constructor(
    readonly commits: Commits | undefined,
    readonly nowMs: () => number,
  ) {}

  /** Whether others must wait now. */
  get mustWait(): boolean {
    return this.commits !== undefined && this.commits.inFlight > 0 && this.nowMs() >= this.#mayUntilMs;
  }

  /** Calls back when others may work, in a turn of its own. Who waits already waits on. */
  wait(goOn: () => void): void {
    if (this.#goOn !== undefined) return;
    this.#goOn = goOn;
    this.#timer = setTimeout(() => this.#release(), WAIT_MS_MAX);
    this.#timer.unref();
    if (this.#isAwaited) return;
    this.#isAwaited = true;
    this.commits!.afterSettled(() => {
      this.#isAwaited = false;
      this.#release();
    });
  }

  #release(): void {
    const goOn = this.#goOn;
    if (goOn === undefined) return;
    this.#goOn = undefined;
    clearTimeout(this.#timer);
    this.#mayUntilMs = this.nowMs() + TURN_MS;
    setImmediate(goOn);
  }
}
