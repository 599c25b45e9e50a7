import { LAB_PARTITIONS } from '../observation/lab-id.js';
import { Admission } from './admission.js';
import { connectionOf } from './asking.js';
import type { Keys } from './keys.js';
import type { LabStates } from './lab-states.js';
import { LateLists } from './late-lists.js';
import type { PageGrid } from './pages/page-grid.js';
import type { Servers } from './servers.js';

/** Labs removed from the indexes of a partition at a time, and how often it is the turn of the next partition. */
const SWEPT_LABS_MAX = 500;
const SWEEP_INTERVAL_MS = 3_600_000 / LAB_PARTITIONS;
/**
 * Which labs there are: so that reads never scan the key space (index-reading.ts). The script of a commit writes the entries; here
 * new labs are admitted, and labs that are no more are removed. Each partition has indexes of its own.
 */
export class LabIndex {
  #sweptAtMs = 0;
  #nextSwept = Math.floor(Math.random() * LAB_PARTITIONS);
  readonly #admission: Admission;
  readonly lateLists: LateLists;

  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly pages: PageGrid,
    readonly states: LabStates,
  ) {
    this.#admission = new Admission(servers, keys);
    this.lateLists = new LateLists(servers, keys);
  }

  /** Of these labs, those that are new beyond `labsMax` labs in all, whichever process has the others. */
  async refusedLabs(labs: Iterable<string>, labsMax: number, nowMs: number): Promise<ReadonlySet<string>> {
    this.#sweepNext(nowMs);
    const unknown: string[] = [];
    for (const lab of labs)
      if (this.states.of(lab).longestStartS === Number.NEGATIVE_INFINITY) unknown.push(lab);
    if (unknown.length === 0) return NONE;
    return this.#admission.refused(unknown, labsMax, this.pages.oldestKeptS(nowMs));
  }

  /** Now and then, removes labs of one partition that are no more. */
  #sweepNext(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = nowMs;
    const partition = this.#nextSwept;
    this.#nextSwept = (partition + 1) % LAB_PARTITIONS;
    this.#sweep(partition, nowMs).catch(() => {
      // What is left is invisible, and the next time will do.
    });
  }

  async #sweep(partition: number, nowMs: number): Promise<void> {
    const redis = await connectionOf(this.servers, 'commits', partition);
    const { keys } = this;
    const named = [keys.labs(partition), keys.names(partition), keys.late(partition)];
    this.lateLists.begin([partition]);
    await redis.humtemp_sweep(3, ...named, this.pages.oldestKeptS(nowMs), SWEPT_LABS_MAX);
  }
}

const NONE: ReadonlySet<string> = new Set();
