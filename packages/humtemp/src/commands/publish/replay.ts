import { stat } from 'node:fs/promises';
import { StartError } from '../../start-error.js';
import type { CsvForm } from './csv-form.js';
import { csvRows } from './csv-rows.js';
import { Pace } from './pace.js';
import type { PublishOutput } from './progress.js';
import {
  type PublishOptions,
  type PublishResult,
  type PublishRun,
  publishRun,
  roomToPublish,
  topicOfLab,
} from './publish-run.js';
import { sleep } from './sleep.js';
import { summaryJson, summaryText } from './summary.js';
import { payloadOf, shiftToS } from './time-shift.js';

export interface ReplayOptions extends PublishOptions {
  readonly file: string;
  /** What the file is like, if not as we write such files. */
  readonly form?: CsvForm | undefined;
  /** Where the newest row is to lie, Unix milliseconds; undefined: timestamps stay. */
  readonly shiftToMs?: number | 'now' | undefined;
  /** Rows per second; undefined: as fast as they are acknowledged. */
  readonly ratePerS?: number | undefined;
}

export interface ReplayResult extends PublishResult {
  /** Rows of the file. */
  readonly rows: number;
  /** Whole seconds that were added to every timestamp. */
  readonly shiftS: number;
}

/**
 * Publishes the rows of a file in their order, and reports to `output`. The file is read twice: a bad row is
 * found before anything is sent, and the newest one before the first is shifted.
 * @throws StartError for a file, a row or a broker that one can do something about.
 */
export async function replay(options: ReplayOptions, output: PublishOutput): Promise<ReplayResult> {
  const { rows, skipped, newestMs } = await survey(options);
  if (skipped > 0 && !options.json)
    output.write(`${skipped} rows are of other things, or without a number, and are left out\n`);
  const targetMs = options.shiftToMs === 'now' ? Date.now() : options.shiftToMs;
  const shiftS = targetMs === undefined || rows === 0 ? 0 : shiftToS(newestMs, targetMs);
  const published = await publishRun(options, output, (run) => publishRows(options, shiftS, rows, run));
  const result: ReplayResult = { ...published, rows, shiftS };
  output.write(
    options.json
      ? summaryJson(result, { rows, shift_s: shiftS })
      : summaryText(result, {
          plural: rows === 1 ? 'row' : 'rows',
          qos: options.qos,
          total: rows,
          ...(targetMs === undefined
            ? {
                expiredAdvice:
                  'expired rows are too old to be kept; --shift-to now moves them to the present',
              }
            : {}),
        }),
  );
  return result;
}

/** Reads all of the file, so that a row that cannot be sent is known before the first one is. */
async function survey(options: ReplayOptions): Promise<{ rows: number; skipped: number; newestMs: number }> {
  const stats = await stat(options.file).catch(() => undefined);
  if (stats !== undefined && !stats.isFile() && !stats.isDirectory())
    throw new StartError(
      `${options.file} is a pipe or a device, but is read twice; put the rows into a file first, or name - and let them come on standard input`,
    );
  let rows = 0;
  let skipped = 0;
  let newestMs = Number.NEGATIVE_INFINITY;
  const onSkipped = () => {
    skipped += 1;
  };
  for await (const row of csvRows(options.file, options.form, onSkipped)) {
    if (options.signal?.aborted) break;
    topicOfLab(options.topic, row.lab);
    rows += 1;
    newestMs = Math.max(newestMs, row.timestampMs);
  }
  return { rows, skipped, newestMs };
}

async function publishRows(
  options: ReplayOptions,
  shiftS: number,
  rows: number,
  run: PublishRun,
): Promise<void> {
  run.total = rows;
  const pace = options.ratePerS === undefined ? undefined : new Pace(options.ratePerS);
  for await (const row of csvRows(options.file, options.form)) {
    if (pace !== undefined) await paced(pace, run.signal);
    if (!(await roomToPublish(run))) return;
    run.publisher.publish(topicOfLab(options.topic, row.lab), payloadOf(row, shiftS));
  }
}

async function paced(pace: Pace, signal: AbortSignal): Promise<void> {
  for (let waitMs = pace.waitMs(performance.now()); waitMs > 0 && !signal.aborted; ) {
    await sleep(Math.max(1, waitMs), signal);
    waitMs = pace.waitMs(performance.now());
  }
  pace.step(performance.now());
}
