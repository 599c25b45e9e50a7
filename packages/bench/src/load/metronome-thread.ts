import { parentPort, workerData } from 'node:worker_threads';

/** Beats at every whole multiple of the period on the monotonic clock, which is the same in every thread. */
const periodNs = BigInt((workerData as { periodMs: number }).periodMs * 1e6);
const nothing = new Int32Array(new SharedArrayBuffer(4));

for (;;) {
  const nowNs = process.hrtime.bigint();
  const waitNs = periodNs - (nowNs % periodNs);
  Atomics.wait(nothing, 0, 0, Number(waitNs) / 1e6);
  parentPort!.postMessage(0);
}
