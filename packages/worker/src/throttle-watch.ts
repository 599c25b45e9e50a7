/** Acknowledgement rounds that must look alike before we believe it. */
const ROUNDS = 50;
/** More in flight than this is no throttle worth a warning. */
const LIMIT_MAX = 1000;

/**
 * Notices a broker that allows only a few publishes in flight, as Mosquitto does with 20 by default: a
 * consumer that acknowledges after its commit then waits most of the time. The sign is that round after round
 * exactly the same small number of publishes was waiting, never one more.
 */
export class ThrottleWatch {
  #largest = 0;
  #rounds = 0;

  /**
   * Takes the number of publishes that were waiting when a round of acknowledgements was sent.
   * @returns the limit, once it is sure of it.
   */
  round(unacknowledged: number): number | undefined {
    if (unacknowledged <= 1) return undefined;
    if (unacknowledged !== this.#largest) {
      if (unacknowledged > this.#largest) {
        this.#largest = unacknowledged;
        this.#rounds = 0;
      }
      return undefined;
    }
    this.#rounds += 1;
    return this.#rounds === ROUNDS && this.#largest <= LIMIT_MAX ? this.#largest : undefined;
  }
}
