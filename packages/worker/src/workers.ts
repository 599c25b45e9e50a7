import type { Logger } from 'pino';
import { Worker, type WorkerOptions } from './worker.js';

/** A broker to take observations from, and who we are there. */
export interface BrokerAt {
  /** mqtt:// or mqtts://, with user and password if the broker asks for them. */
  readonly url: string;
  /** Names our session there. */
  readonly clientId: string;
}

/** How the worker of one broker is, and what it has lived through. */
export interface BrokerState {
  /** Host and port. */
  readonly broker: string;
  readonly isServing: boolean;
  /** Publishes taken and not yet acknowledged. */
  readonly unacknowledged: number;
  readonly connections: number;
  readonly sessionsLost: number;
  readonly dropped: number;
}

/**
 * A worker for each of several brokers, all feeding one intake. Each has its own connection and session, and none
 * waits for another: one whose broker is down, or that had to stop, holds up nobody.
 */
export class Workers {
  readonly #workers: readonly { readonly broker: string; readonly worker: Worker }[];
  /** Resolves when the workers were closed. @throws WorkerStopped when the last of them had to stop. */
  readonly running: Promise<void>;

  /** @throws RangeError if topic filters overlap, unless they may. */
  constructor(brokers: readonly BrokerAt[], options: Omit<WorkerOptions, keyof BrokerAt>) {
    this.#workers = brokers.map((at) => ({
      broker: new URL(at.url).host,
      worker: new Worker({ ...options, ...at }),
    }));
    this.running = this.#untilLast(options.log);
    // Whoever waits for it hears of its failure; nobody has to.
    this.running.catch(() => {});
  }

  /** Of each broker from which observations do not come in, or not safely, the reason. */
  get notReadyReasons(): readonly string[] {
    return this.#workers.flatMap(({ worker }) => worker.notReadyReason ?? []);
  }

  get brokers(): readonly BrokerState[] {
    return this.#workers.map(({ broker, worker }) => ({
      broker,
      isServing: worker.notReadyReason === undefined,
      unacknowledged: worker.unacknowledged,
      ...worker.counters,
    }));
  }

  /** Ends our shared subscriptions where another worker of the group is alive; see Worker.leave. */
  async leave(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.leave()));
  }

  /** Publishes something of our own at QoS 0, at every broker that is connected. */
  publish(topic: string, payload: Uint8Array): void {
    for (const { worker } of this.#workers) worker.publish(topic, payload);
  }

  /** Takes no more publishes; those taken are still acknowledged. */
  stopReading(): void {
    for (const { worker } of this.#workers) worker.stopReading();
  }

  /** Disconnects; the sessions stay at the brokers. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map(({ worker }) => worker.close()));
  }

  async #untilLast(log: Logger): Promise<void> {
    let going = this.#workers.length;
    const ends = this.#workers.map(({ broker, worker }) =>
      worker.running.catch((error: Error) => {
        going -= 1;
        if (going === 0) throw error;
        log.error(
          { broker, reason: error.message },
          'nothing is taken from this broker any more; the others go on',
        );
      }),
    );
    await Promise.all(ends);
  }
}
