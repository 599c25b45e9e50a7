/** A will that waits for its delay to pass (3.1.3.2.2). */
interface DelayedWill {
  readonly dueMs: number;
  readonly publish: () => void;
  /** Gives back what is kept for it. */
  readonly forget: () => void;
}

/** Wills of clients that have gone and may come back, by account and client id. */
export class DelayedWills {
  readonly #wills = new Map<string, DelayedWill>();

  constructor(readonly nowMs: () => number = () => performance.now()) {}

  add(clientKey: string, delayS: number, publish: () => void, forget: () => void): void {
    this.#wills.set(clientKey, { dueMs: this.nowMs() + delayS * 1000, publish, forget });
  }

  /** The client is back. @param isNewSession whether its session has ended: then the will is published now. */
  arrive(clientKey: string, isNewSession: boolean): void {
    const will = this.#wills.get(clientKey);
    if (will === undefined) return;
    if (isNewSession) this.#publish(clientKey, will);
    else {
      this.#wills.delete(clientKey);
      will.forget();
    }
  }

  /** Publishes those that are due. To be called now and then. */
  look(): void {
    if (this.#wills.size === 0) return;
    const nowMs = this.nowMs();
    for (const [clientKey, will] of this.#wills) if (will.dueMs <= nowMs) this.#publish(clientKey, will);
  }

  #publish(clientKey: string, will: DelayedWill): void {
    this.#wills.delete(clientKey);
    will.forget();
    will.publish();
  }
}
