import { cpus } from 'node:os';
import { CAN_LOOK, type CpuUsed, cpuUsed, machineCpuUs, sumUs } from './process-figures.js';

export interface Watched {
  readonly seconds: number;
  readonly byProcess: Readonly<Record<string, CpuUsed>>;
  /** Share of the machine that was used by none of them. */
  readonly others: number;
}

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
    const all = seconds * 1e6 * cpus().length;
    const others = after.machineUs - before.machineUs - totalUs(byProcess);
    return { seconds, byProcess, others: Math.max(0, others / all) };
  }
}

/** User and system time of all processes together. */
export function totalUs(byProcess: Readonly<Record<string, CpuUsed>>): number {
  return Object.values(byProcess).reduce((sum, used) => sum + sumUs(used), 0);
}

function look(processes: readonly { readonly name: string; readonly pid: number }[]) {
  return {
    atMs: performance.now(),
    machineUs: CAN_LOOK ? machineCpuUs() : 0,
    used: processes.map(({ name, pid }) => ({
      name,
      ...(CAN_LOOK ? cpuUsed(pid) : { userUs: 0, systemUs: 0 }),
    })),
  };
}
