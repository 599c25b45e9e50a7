import { StartError } from '../../start-error.js';
import type { LedgerDifference, LedgerProcess } from './ledger-difference.js';
import { ledgerDifference, rejectedCount } from './ledger-difference.js';
import { type LedgerApi, readLedger, settledLedger } from './ledger-reader.js';
import { Progress, type PublishOutput } from './progress.js';
import { ReliablePublisher } from './reliable-publisher.js';
import type { TopicPattern } from './topic-pattern.js';

/** What replay and simulate have in common. */
export interface PublishOptions {
  /** mqtt://, mqtts://, ws:// or wss://, with user and password if the broker asks for them. */
  readonly url: string;
  /** Where the lab id goes in the topic. */
  readonly topic: TopicPattern;
  /** The API whose ledger is read before and after. */
  readonly api: string;
  /** For the API, if it asks for one. */
  readonly token?: string | undefined;
  readonly qos: 0 | 1;
  /** The result as one line of JSON, and nothing else. */
  readonly json: boolean;
  /** Stops cleanly: nothing more is sent, and what is in flight has two seconds to be acknowledged. */
  readonly signal?: AbortSignal;
}

/** What a run did, by its own count and by the ledger's. */
export interface PublishResult {
  readonly sent: number;
  readonly acknowledged: number;
  /** Times something was sent again after a reconnection. */
  readonly resent: number;
  /** Neither acknowledged nor given up when the run ended: more than 0 only if it was interrupted. */
  readonly inFlight: number;
  readonly reconnections: number;
  /** From the first connection to the last acknowledgement. */
  readonly elapsedS: number;
  readonly interrupted: boolean;
  /** Everything that arrived meanwhile, whoever sent it; undefined if the ledger could not be read. */
  readonly ledger: LedgerDifference | undefined;
  /** Why there is no ledger. */
  readonly ledgerProblem: string | undefined;
}

/** What a source of publishes works with. */
export interface PublishRun {
  readonly publisher: ReliablePublisher;
  /** Aborts when the run is to stop. */
  readonly signal: AbortSignal;
  /** Shown in the status line. */
  total: number | undefined;
  behindS: number | undefined;
}

const ACKNOWLEDGE_MS_MAX = 2000;
const LEDGER_MS_MAX = 15_000;
/** Whoever pressed Ctrl-C waits for it. */
const LEDGER_INTERRUPTED_MS_MAX = 3000;
const REJECTED_POLL_MS = 1000;

/**
 * Connects, lets the source publish, waits until everything is acknowledged, and compares the ledger before
 * and after.
 * @throws StartError when the broker refuses us or is out of reach.
 */
export async function publishRun(
  options: PublishOptions,
  output: PublishOutput,
  source: (run: PublishRun) => Promise<void>,
): Promise<PublishResult> {
  const signal = options.signal ?? new AbortController().signal;
  const publisher = new ReliablePublisher({ url: options.url, qos: options.qos });
  const run: PublishRun = { publisher, signal, total: undefined, behindS: undefined };
  const ledger = new LedgerWatch({ url: options.api, token: options.token });
  let activity: string | undefined = 'connecting';
  const progress = new Progress(options.json ? { write: () => {} } : output, () => {
    const { sent, acknowledged, inFlight } = publisher.counters;
    return {
      activity,
      sent,
      done: options.qos === 1 ? acknowledged : sent - inFlight,
      inFlight,
      total: run.total,
      rejected: ledger.rejected,
      behindS: run.behindS,
      downReason: activity === undefined ? publisher.downReason : undefined,
    };
  });
  try {
    await publisher.firstConnection(signal);
    await ledger.start(output.isTTY === true && !options.json);
    activity = undefined;
    const startedMs = performance.now();
    await source(run);
    await publisher.drained(signal);
    if (signal.aborted) await publisher.drained(AbortSignal.timeout(ACKNOWLEDGE_MS_MAX));
    const elapsedS = (performance.now() - startedMs) / 1000;
    activity = 'waiting for the ledger';
    const counters = publisher.counters;
    // With QoS 0 the last publishes leave with the connection.
    await publisher.close();
    const { sent, acknowledged, resent } = counters;
    await ledger.finish({
      received: options.qos === 1 ? acknowledged : sent,
      exact: options.qos === 1 && resent === 0 && acknowledged === sent,
      waitMsMax: signal.aborted ? LEDGER_INTERRUPTED_MS_MAX : LEDGER_MS_MAX,
    });
    return {
      ...counters,
      elapsedS,
      interrupted: signal.aborted,
      ledger: ledger.difference,
      ledgerProblem: ledger.problem,
    };
  } finally {
    ledger.stop();
    progress.stop();
    await publisher.close();
  }
}

/**
 * Waits for room.
 * @returns false when the run is to stop.
 */
export async function roomToPublish({ publisher, signal }: PublishRun): Promise<boolean> {
  while (!publisher.hasRoom && !signal.aborted) await publisher.room(signal);
  return !signal.aborted;
}

/** @throws StartError for a lab id that has no topic in the pattern. */
export function topicOfLab(pattern: TopicPattern, lab: string): string {
  const topic = pattern.topicOf(lab);
  if (topic !== undefined) return topic;
  const levels = lab.split('/').map(() => '+');
  throw new StartError(
    `lab ${lab} does not fit the topic ${pattern.pattern}; a --topic such as labs/${levels.join('/')}/observation would take it`,
  );
}

/** The ledger before, during and after. */
class LedgerWatch {
  difference: LedgerDifference | undefined;
  problem: string | undefined;
  /** While the run goes on. */
  rejected: number | undefined;
  #before: readonly LedgerProcess[] | undefined;
  #timer: NodeJS.Timeout | undefined;
  #polling = false;

  constructor(readonly api: LedgerApi) {}

  async start(watch: boolean): Promise<void> {
    try {
      this.#before = await readLedger(this.api);
    } catch (error) {
      this.problem = (error as Error).message;
      return;
    }
    if (!watch) return;
    this.#timer = setInterval(() => void this.#poll(), REJECTED_POLL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async finish(expected: { received: number; exact: boolean; waitMsMax: number }): Promise<void> {
    this.stop();
    if (this.#before === undefined) return;
    try {
      this.difference = await settledLedger(() => readLedger(this.api), this.#before, expected);
    } catch (error) {
      this.problem = (error as Error).message;
    }
  }

  async #poll(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      this.rejected = rejectedCount(ledgerDifference(this.#before ?? [], await readLedger(this.api)));
    } catch {
      // The status line goes on with what was known; the end shows whether the API is gone for good.
    } finally {
      this.#polling = false;
    }
  }
}
