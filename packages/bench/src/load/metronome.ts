import { Worker } from 'node:worker_threads';

/** Wakes this thread at every whole millisecond. A timer would be late by up to a millisecond each time, and spinning would take a core. */
export class Metronome {
  readonly #thread: Worker;

  constructor(onBeat: () => void) {
    this.#thread = new Worker(new URL('./metronome-thread.js', import.meta.url), {
      workerData: { periodMs: 1 },
    });
    this.#thread.on('message', onBeat);
  }

  async stop(): Promise<void> {
    await this.#thread.terminate();
  }
}

/** Milliseconds on the clock that the beats are on. */
export function beatClockMs(): number {
  return performance.now() + ORIGIN_MS;
}

const ORIGIN_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();
