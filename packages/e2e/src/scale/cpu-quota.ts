import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** Where the first version of control groups keeps those of the processor, and where the second keeps all. */
const FIRST = '/sys/fs/cgroup/cpu';
const SECOND = '/sys/fs/cgroup';
const PERIOD_US = 20_000;

/** Control groups that hold each process in them to a share of a core. Only root may make them, on Linux. */
export class CpuQuota {
  readonly #groups: string[] = [];
  readonly #isFirst = existsSync(join(FIRST, 'cpu.cfs_quota_us'));

  /** @param share of a core, as 0.1 */
  constructor(readonly share: number) {}

  /** Holds a process with all its threads to the share, from now on. @throws where that cannot be done */
  hold(pid: number): void {
    if (!(pid > 1)) throw new RangeError(`${pid} is no process to be held`);
    const group = join(this.#isFirst ? FIRST : SECOND, `humtemp-${process.pid}-${this.#groups.length}`);
    const quotaUs = Math.round(PERIOD_US * this.share);
    mkdirSync(group);
    this.#groups.push(group);
    if (this.#isFirst) {
      writeFileSync(join(group, 'cpu.cfs_period_us'), `${PERIOD_US}`);
      writeFileSync(join(group, 'cpu.cfs_quota_us'), `${quotaUs}`);
    } else writeFileSync(join(group, 'cpu.max'), `${quotaUs} ${PERIOD_US}`);
    writeFileSync(join(group, 'cgroup.procs'), `${pid}`);
  }

  /** Removes the groups. Their processes must be gone, of which the kernel hears a little later. */
  async close(): Promise<void> {
    for (const group of this.#groups.splice(0))
      for (let tries = 50; ; tries--)
        try {
          rmdirSync(group);
          break;
        } catch (error) {
          if (tries === 0) throw error;
          await pause(100);
        }
  }
}
