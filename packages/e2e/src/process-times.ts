import { readFileSync } from 'node:fs';

/** How the main thread of a process spent its time so far, as Linux counts it. */
export interface ProcessTimes {
  readonly ranMs: number;
  /** It could have run, but other work had the cores. */
  readonly waitedForCoreMs: number;
}

/** Undefined where the process is gone, and elsewhere than on Linux. */
export function processTimes(pid: number): ProcessTimes | undefined {
  try {
    const [ranNs, waitedNs] = readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ').map(Number);
    return { ranMs: Math.round(ranNs! / 1e6), waitedForCoreMs: Math.round(waitedNs! / 1e6) };
  } catch {
    return undefined;
  }
}
