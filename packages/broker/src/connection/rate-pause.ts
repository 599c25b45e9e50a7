import type { TapRate } from '@humtemp/intake';
import { PublishRate } from './publish-rate.js';

/** The pause of a connection that publishes faster than it may. */
export class RatePause implements TapRate {
  readonly #rate: PublishRate;
  #timer: NodeJS.Timeout | undefined;

  /** @param onOver called at the end of each pause. */
  constructor(
    perSecond: number,
    readonly onOver: () => void,
  ) {
    this.#rate = new PublishRate(perSecond, performance.now());
  }

  get isOn(): boolean {
    return this.#timer !== undefined;
  }

  /** Counts publishes that came, and pauses if they were too many. */
  spend(publishes: number): void {
    const pauseMs = this.#rate.spend(publishes, performance.now());
    if (pauseMs === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.onOver();
    }, pauseMs);
  }

  /** Ends a pause without a word. */
  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
