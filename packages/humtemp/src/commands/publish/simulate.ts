import type { PublishOutput } from './progress.js';
import {
  type PublishOptions,
  type PublishResult,
  type PublishRun,
  publishRun,
  roomToPublish,
  topicOfLab,
} from './publish-run.js';
import { simulatedLabs } from './simulated-lab.js';
import { sleep } from './sleep.js';
import { summaryJson, summaryText } from './summary.js';

export interface SimulateOptions extends PublishOptions {
  readonly labs: number;
  /** Between two observations of a lab, in simulated seconds. */
  readonly intervalS: number;
  /** How many times faster than real time the simulated day passes. */
  readonly speed: number;
  /** Real seconds until it ends; undefined: when the signal aborts. */
  readonly durationS?: number | undefined;
  /** The same seed gives the same labs. */
  readonly seed: number;
}

export interface SimulateResult extends PublishResult {
  readonly labs: number;
}

/**
 * Publishes observations of made-up labs as sensors would, and reports to `output`. The labs take turns, so
 * publishes are spread evenly over the interval. Timestamps are the real time at which an observation was
 * due, so they are never in the future, each lab's are all different, and what a broken connection held up
 * arrives late with its true time.
 * @throws StartError for a broker that one can do something about.
 */
export async function simulate(options: SimulateOptions, output: PublishOutput): Promise<SimulateResult> {
  const published = await publishRun(options, output, (run) => publishLabs(options, run));
  const result: SimulateResult = { ...published, labs: options.labs };
  const { labs, qos, seed } = options;
  output.write(
    options.json ? summaryJson(result, { labs, seed }) : summaryText(result, { plural: 'observations', qos }),
  );
  return result;
}

async function publishLabs(options: SimulateOptions, run: PublishRun): Promise<void> {
  const { intervalS, speed, durationS, signal } = { ...options, signal: run.signal };
  const labs = simulatedLabs(options.labs, options.seed).map((lab) => ({
    lab,
    topic: topicOfLab(options.topic, lab.id),
  }));
  const spacingMs = (intervalS * 1000) / speed / labs.length;
  const durationMs = (durationS ?? Number.POSITIVE_INFINITY) * 1000;
  const startMs = Date.now();
  // The monotonic clock: a corrected wall clock must neither stop the labs nor make them rush.
  const startedMs = performance.now();
  if (durationS !== undefined) run.total = Math.ceil(durationMs / spacingMs);

  for (let n = 0; ; n++) {
    const dueMs = n * spacingMs;
    if (dueMs >= durationMs) return;
    for (let waitMs = dueMs - (performance.now() - startedMs); waitMs > 0 && !signal.aborted; ) {
      await sleep(Math.max(1, waitMs), signal);
      waitMs = dueMs - (performance.now() - startedMs);
    }
    if (!(await roomToPublish(run))) return;
    run.behindS = (performance.now() - startedMs - dueMs) / 1000;
    const { lab, topic } = labs[n % labs.length]!;
    const timestampMs = Math.floor(startMs + dueMs);
    const values = lab.observe(startMs + dueMs * speed);
    run.publisher.publish(topic, JSON.stringify({ timestamp: timestampMs / 1000, ...values }));
  }
}
