import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Batch } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { temporaryFolder } from '@humtemp/test-services';
import { progress } from '../by-turns.js';
import { whole } from '../figures.js';
import { STORE_OPTIONS } from '../redis.js';
import type { Report, Scenario } from '../scenario.js';
import { SENDINGS } from './rooms.js';

/** Labs, and minutes up to now in which each sends one observation a minute. */
const CASES = {
  normal: [
    [1000, 60],
    [1000, 1440],
    [1000, 8 * 1440],
    [10_000, 60],
    [10_000, 1440],
    [100_000, 60],
  ],
  short: [
    [1000, 60],
    [1000, 1440],
  ],
  smoke: [[200, 30]],
} as const;
const BATCH_MINUTES = 10;

interface Taken {
  readonly heapBytes: number;
  readonly outsideBytes: number;
  readonly fileBytes: number;
}

/** What labs take in the embedded store. */
export const memoryEmbedded: Scenario = {
  name: 'memory-embedded',
  summary: 'bytes that a lab takes in the embedded store: of the heap, outside it, and in files',
  async run({ size }): Promise<Report> {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const rows: string[][] = [];
    const failures: string[] = [];
    const figures: object[] = [];
    // What the code itself takes is there before anything is measured.
    await takenBy(10, 60, collect, []);
    for (const [labs, minutes] of CASES[size]) {
      const taken = await takenBy(labs, minutes, collect, failures);
      progress(`${labs} labs, ${minutes} minutes: ${whole(taken.heapBytes / labs)} bytes of heap of a lab`);
      figures.push({ labs, minutes, ...taken });
      rows.push([
        whole(labs),
        whole(minutes),
        whole(taken.heapBytes / labs),
        whole(taken.outsideBytes / labs),
        whole(taken.fileBytes / labs),
      ]);
    }
    return {
      title:
        'memory-embedded: default resolutions, one observation a minute of each lab; after a collection of garbage',
      columns: ['labs', 'minutes up to now', 'heap, bytes of a lab', 'outside the heap', 'files'],
      rows,
      notes: [],
      failures,
      figures,
    };
  },
};

async function takenBy(
  labs: number,
  minutes: number,
  collect: () => void,
  failures: string[],
): Promise<Taken> {
  const folder = await temporaryFolder('bench');
  const names = Array.from({ length: labs }, (_, i) => `lab-${String(i).padStart(6, '0')}`);
  try {
    const before = used(collect);
    const store = await EmbeddedStore.open({ ...STORE_OPTIONS, dataDir: folder.path });
    const startMs = Math.floor(Date.now() / 60_000) * 60_000 - minutes * 60_000 - 5000;
    for (let minute = 0; minute < minutes; minute += BATCH_MINUTES) {
      let batch: Batch | undefined = new Batch();
      for (const [i, lab] of names.entries())
        for (let m = minute; m < minute + BATCH_MINUTES; m++)
          SENDINGS[0]!.add(batch, lab, i, m, startMs + m * 60_000);
      const { committed } = await store.commit(batch, startMs + (minute + BATCH_MINUTES) * 60_000);
      if (committed !== batch.observations)
        failures.push(`${committed} of ${batch.observations} are committed`);
      batch = undefined;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const after = used(collect);
    const fileBytes = sizeOf(folder.path);
    await store.close();
    return {
      heapBytes: after.heap - before.heap,
      outsideBytes: after.outside - before.outside,
      fileBytes,
    };
  } finally {
    await folder.remove();
  }
}

function used(collect: () => void): { readonly heap: number; readonly outside: number } {
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, outside: external };
}

function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => statSync(join(folder, name), { throwIfNoEntry: false }))
    .reduce((sum, stat) => sum + (stat?.isFile() ? stat.size : 0), 0);
}
