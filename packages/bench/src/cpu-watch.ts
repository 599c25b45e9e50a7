import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { percent } from './figures.js';
import { CAN_LOOK, machineCpuUs } from './processes/process-figures.js';

export interface CpuUsed {
  readonly userUs: number;
  /** In the kernel: reads and writes, mostly. */
  readonly systemUs: number;
}

export interface Watched {
  readonly seconds: number;
  readonly byProcess: Readonly<Record<string, CpuUsed>>;
  /** Share of the machine that was used by none of them. */
  readonly others: number;
}

/** proc(5) counts in ticks of a hundredth of a second. */
const US_PER_TICK = 10_000;

/** What processes use of the CPU from now until `stop`. All zero where there is no /proc. */
export class CpuWatch {
  readonly #before: ReturnType<typeof look>;

  constructor(readonly processes: readonly { readonly name: string; readonly pid: number }[]) {
    this.#before = look(processes);
  }

  stop(): Watched {
    const [before, after] = [this.#before, look(this.processes)];
    const byProcess = Object.fromEntries(
      after.used.map(({ name, userUs, systemUs }, i) => [
        name,
        { userUs: userUs - before.used[i]!.userUs, systemUs: systemUs - before.used[i]!.systemUs },
      ]),
    );
    const seconds = (after.atMs - before.atMs) / 1000;
    const ours = Object.values(byProcess).reduce((sum, { userUs, systemUs }) => sum + userUs + systemUs, 0);
    const all = seconds * 1e6 * cpus().length;
    return { seconds, byProcess, others: Math.max(0, (after.machineUs - before.machineUs - ours) / all) };
  }
}

/** Of all processes together. */
export function totalUs(byProcess: Readonly<Record<string, CpuUsed>>): number {
  return Object.values(byProcess).reduce((sum, { userUs, systemUs }) => sum + userUs + systemUs, 0);
}

/** What to say about measurements during which other programs took a part of the machine. */
export function noteOnOthers(
  measured: readonly { readonly name: string; readonly others: number }[],
): string[] {
  const spoilt = measured.filter(({ others }) => others > OTHERS_LIMIT);
  if (spoilt.length === 0) return [];
  const each = spoilt.map(({ name, others }) => `${name} (${percent(others)})`);
  return [`Do not trust these, other programs took much of the machine: ${each.join(', ')}.`];
}

/** More of the machine than this in the hands of other programs spoils the figures. */
const OTHERS_LIMIT = 0.1;

function look(processes: readonly { readonly name: string; readonly pid: number }[]) {
  return {
    atMs: performance.now(),
    machineUs: CAN_LOOK ? machineCpuUs() : 0,
    used: processes.map(({ name, pid }) => ({
      name,
      ...(CAN_LOOK ? used(pid) : { userUs: 0, systemUs: 0 }),
    })),
  };
}

function used(pid: number): CpuUsed {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name, in brackets, may hold blanks; behind it fields 3 and on, of which 14 and 15 are utime and stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { userUs: Number(fields[11]) * US_PER_TICK, systemUs: Number(fields[12]) * US_PER_TICK };
}
