import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pause } from '@humtemp/test-services';
import { EmbeddedStart } from './embedded-start.js';
import { randomOf } from './random.js';
import { SoakLoad } from './soak-load.js';
import { SoakReaders } from './soak-readers.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly ratePerS: number;
  readonly labs: number;
  readonly sampleS: number;
  readonly seed: number;
  /** Everything expires after so long; as it comes if absent: days. */
  readonly horizonS?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly tell: (line: string) => void;
}

/** One look at the process and its folder. */
export interface SoakSample {
  readonly atS: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly fileBytes: number;
  readonly files: number;
  readonly committed: number;
  readonly cpuS: number;
}

export interface SoakReport {
  readonly samples: readonly SoakSample[];
  readonly sent: number;
  readonly repeated: number;
  readonly acknowledged: number;
  readonly reads: number;
  readonly readsFailed: number;
  readonly streamed: number;
  readonly ledger: { readonly received: number; readonly committed: number; readonly duplicate: number };
}

/**
 * `humtemp start` with the embedded broker and store under a steady load of MQTT clients, with readers beside.
 * @throws if one observation is lost or counted twice.
 */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { horizonS, tell } = options;
  const start = await EmbeddedStart.open({
    ...(horizonS !== undefined && {
      HUMTEMP_BUCKET_DURATION: `${horizonS / 2}`,
      HUMTEMP_BUCKET_RETENTION: '2',
      HUMTEMP_ROLLUPS: `${Math.max(1, Math.round(horizonS / 20))}s:${horizonS}s`,
      HUMTEMP_DEDUPLICATION_HORIZON: `${horizonS}s`,
    }),
    ...options.env,
  });
  const load = new SoakLoad({
    ...options,
    port: start.ports.mqtt,
    random: randomOf(options.seed),
    // What is later than this may have expired.
    lateS: (horizonS ?? 86_400) / 4,
  });
  const readers = new SoakReaders(start.ports.baseUrl, options.labs);
  try {
    await load.connect();
    const startMs = Date.now();
    const endMs = startMs + options.minutes * 60_000;
    readers.start();
    const [samples] = await Promise.all([
      samplesUntil(endMs, startMs, options.sampleS, start, (sample) => tell(lineOf(sample, load, readers))),
      load.run(endMs),
    ]);
    readers.stop();
    await load.close();
    const ledger = await start.process.stop();
    const report = {
      samples,
      sent: load.sent,
      repeated: load.repeated,
      acknowledged: load.acknowledged,
      reads: readers.reads,
      readsFailed: readers.failed,
      streamed: readers.events,
      ledger,
    };
    // A client that connects again repeats what was in flight.
    const isExact =
      ledger.committed === load.sent && ledger.duplicate - load.repeated === ledger.received - load.publishes;
    if (!isExact) throw new Error(`lost or counted twice: ${JSON.stringify({ ...report, samples: [] })}`);
    return report;
  } finally {
    readers.stop();
    await load.close();
    await start.close();
  }
}

async function samplesUntil(
  endMs: number,
  startMs: number,
  everyS: number,
  start: EmbeddedStart,
  onSample: (sample: SoakSample) => void,
): Promise<SoakSample[]> {
  const samples: SoakSample[] = [];
  for (let dueMs = startMs; dueMs < endMs; ) {
    dueMs = Math.min(dueMs + everyS * 1000, endMs);
    await pause(Math.max(0, dueMs - Date.now()));
    const sample = await look(start, (Date.now() - startMs) / 1000);
    samples.push(sample);
    onSample(sample);
  }
  return samples;
}

async function look(start: EmbeddedStart, atS: number): Promise<SoakSample> {
  // A connection of its own: one that is kept may be closed by the server just when the next sample is due.
  const headers = { connection: 'close' };
  const metrics = await (await fetch(`${start.ports.baseUrl}/metrics`, { headers })).text();
  const value = (name: string) =>
    Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(metrics)?.[1]);
  const files = filesIn(start.dataDir);
  return {
    atS,
    rssBytes: value('process_resident_memory_bytes'),
    heapBytes: value('nodejs_heap_size_used_bytes'),
    cpuS: value('process_cpu_seconds_total'),
    committed: value('humtemp_observations_committed_total'),
    fileBytes: files.reduce((sum, bytes) => sum + bytes, 0),
    files: files.length,
  };
}

/** Sizes of all files. One that is removed meanwhile counts as nothing. */
function filesIn(folder: string): number[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const stat = statSync(join(folder, name), { throwIfNoEntry: false });
    return stat?.isFile() ? [stat.size] : [];
  });
}

function lineOf(sample: SoakSample, load: SoakLoad, readers: SoakReaders): string {
  const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
  return (
    `${sample.atS.toFixed(0).padStart(6)} s  RSS ${mb(sample.rssBytes)} MB  heap ${mb(sample.heapBytes)} MB  ` +
    `files ${mb(sample.fileBytes)} MB in ${sample.files}  CPU ${sample.cpuS.toFixed(0)} s  committed ${sample.committed}  ` +
    `acknowledged ${load.acknowledged} of ${load.publishes}  reads ${readers.reads} (${readers.failed} failed)  ` +
    `events ${readers.events}`
  );
}
