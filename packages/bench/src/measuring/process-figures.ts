import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Whether other processes can be looked at: where there is a /proc. */
export const CAN_LOOK = existsSync('/proc/self/stat');

/** proc(5) counts CPU time in ticks of sysconf(_SC_CLK_TCK), which is 100 in a second. */
const US_PER_TICK = 10_000;

export interface CpuUsed {
  readonly userUs: number;
  /** In the kernel: reads and writes, mostly. */
  readonly systemUs: number;
}

/** By all threads since the process began, to 10 ms. */
export function cpuUsed(pid: number): CpuUsed {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name, in brackets, may hold blanks; behind it fields 3 and on, of which 14 and 15 are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { userUs: Number(fields[11]) * US_PER_TICK, systemUs: Number(fields[12]) * US_PER_TICK };
}

/** User and system time. */
export function sumUs({ userUs, systemUs }: CpuUsed): number {
  return userUs + systemUs;
}

/** Time of the whole machine since it began, all cores and all programs; time that a hypervisor took counts as used. */
export function machineCpuUs(): number {
  const [, ...ticks] = readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]!.split(/\s+/).map(Number);
  // user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of the first.
  const used = ticks.slice(0, 8).filter((_, field) => field !== IDLE && field !== IOWAIT);
  return used.reduce((sum, of) => sum + of, 0) * US_PER_TICK;
}

const [IDLE, IOWAIT] = [3, 4];

export interface Memory {
  /** All that is resident: also mapped files, such as pages of a database. */
  readonly rssBytes: number;
  /** Heaps and stacks alone. */
  readonly anonymousBytes: number;
}

export function memory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024;
  return { rssBytes: bytes('VmRSS'), anonymousBytes: bytes('RssAnon') };
}

/** Open files, sockets and other handles. */
export function openFiles(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** How many files one process may have open: what `ulimit -n` says. */
export function openFilesMax(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  return soft === undefined || soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
}
