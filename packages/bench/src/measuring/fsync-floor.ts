import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '@humtemp/test-services';
import { type Latencies, LatencyHistogram } from './latency-histogram.js';

const BYTES = 4096;

/** Times for appending 4 KiB to a file where the stores are, and for its fsync: the least that a durable commit takes. */
export async function fsyncFloor(count: number): Promise<Latencies> {
  const folder = await temporaryFolder('bench');
  const histogram = new LatencyHistogram();
  const file = openSync(join(folder.path, 'fsync'), 'w');
  const page = Buffer.alloc(BYTES, 1);
  try {
    for (let i = 0; i < count; i++) {
      const startMs = performance.now();
      writeSync(file, page);
      fsyncSync(file);
      histogram.record(performance.now() - startMs);
    }
    return histogram.summary();
  } finally {
    closeSync(file);
    await folder.remove();
  }
}
