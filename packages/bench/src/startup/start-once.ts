import { readFileSync } from 'node:fs';
import { memory } from '../measuring/process-figures.js';
import { ProcessGroup } from '../processes/process-group.js';
import type { Subject } from './subjects.js';

export interface Started {
  /** From its spawn; undefined where there is no such moment. */
  readonly acceptsMs: number | undefined;
  readonly readyMs: number | undefined;
  /** Undefined: not looked at. */
  readonly memory: IdleMemory | undefined;
}

export interface IdleMemory {
  readonly rssBytes: number;
  /** Heaps and stacks alone. */
  readonly anonymousBytes: number;
  /** RSS, but of pages that n processes have in common only the nth part. Undefined: the kernel does not say. */
  readonly pssBytes: number | undefined;
}

/**
 * Starts a subject and takes the time until it has come so far.
 * @param settleS seconds until its memory is looked at; undefined: it is not
 */
export async function startOnce(subject: Subject, settleS: number | undefined): Promise<Started> {
  const processes = new ProcessGroup();
  try {
    const start = await subject.prepare(processes);
    const startMs = performance.now();
    const running = start.launch();
    const [acceptsMs, readyMs] = await Promise.all(
      [start.accepts, start.ready].map(async (moment) => {
        await moment?.(running);
        return moment && performance.now() - startMs;
      }),
    );
    await start.close?.();
    if (settleS !== undefined) await new Promise((resolve) => setTimeout(resolve, settleS * 1000));
    const idle = settleS === undefined ? undefined : idleMemory(running.pid);
    await start.check?.();
    return { acceptsMs, readyMs, memory: idle };
  } finally {
    await processes.stop();
  }
}

function idleMemory(pid: number): IdleMemory {
  return { ...memory(pid), pssBytes: pssBytes(pid) };
}

/** proc(5): /proc/pid/smaps_rollup, since Linux 4.14. */
function pssBytes(pid: number): number | undefined {
  try {
    const kB = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1];
    return kB === undefined ? undefined : Number(kB) * 1024;
  } catch {
    return undefined;
  }
}
