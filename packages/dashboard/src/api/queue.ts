/** Lets so many of these run at a time, in the order in which they were asked for. */
export class Queue {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(readonly atOnce: number) {}

  /** Runs it when its turn comes. Nothing is run whose signal was aborted meanwhile. */
  async run<T>(action: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running >= this.atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      signal?.throwIfAborted();
      return await action();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}

/** A browser opens six connections to a service; the rest of the page needs some, too. */
export const backgroundReads = new Queue(4);
