import { LAB_PARTITIONS } from '../observation/lab-id.js';
import type { Faults } from './faults.js';
import type { Keys } from './keys.js';
import type { LabStates } from './lab-states.js';
import type { PageGrid } from './pages/page-grid.js';
import type { ScriptedRedis } from './scripts.js';
import { OTHER_TYPE } from './set-aside.js';

/** Labs removed from the indexes of a partition at a time, and how often it is the turn of the next partition. */
const SWEPT_LABS_MAX = 500;
const SWEEP_INTERVAL_MS = 3_600_000 / LAB_PARTITIONS;
/** Names asked for in one call: bounds how long the server serves nobody else. */
const NAMES_AT_ONCE_MAX = 2000;

/**
 * Which labs there are: so that reads never scan the key space. The script of a commit writes the entries; here they are
 * read, new labs are admitted, and labs that are no more are removed.
 */
export class LabIndex {
  #sweptAtMs = 0;
  #nextSwept = Math.floor(Math.random() * LAB_PARTITIONS);

  constructor(
    readonly redis: ScriptedRedis,
    /** The connection for readers. */
    readonly reads: ScriptedRedis,
    readonly keys: Keys,
    readonly pages: PageGrid,
    readonly states: LabStates,
    readonly faults: Faults,
  ) {}

  /** Of these labs, those that are new beyond `labsMax` labs in all, whichever process has the others. */
  async refusedLabs(labs: Iterable<string>, labsMax: number, nowMs: number): Promise<ReadonlySet<string>> {
    this.#sweepNext(nowMs);
    const unknown: string[] = [];
    for (const lab of labs)
      if (this.states.of(lab).longestStartS === Number.NEGATIVE_INFINITY) unknown.push(lab);
    if (unknown.length === 0) return NONE;
    const oldestS = this.pages.oldestKeptS(nowMs);
    const refused = new Set<string>();
    // A script that takes all of very many at once would hold up everybody else.
    for (let i = 0; i < unknown.length; i += 1000) {
      const some = unknown.slice(i, i + 1000);
      const numbers = await this.redis.humtemp_admit(
        0,
        this.keys.partitions(),
        LAB_PARTITIONS,
        labsMax,
        oldestS,
        ...some.flatMap((lab) => [this.states.of(lab).partition, lab]),
      );
      for (const number of numbers) refused.add(some[number - 1]!);
    }
    return refused;
  }

  /** Labs whose newest observation may be as new as a time, in pages of about so many: each once. */
  async *labsSince(fromS: number, pageLabs: number): AsyncIterable<readonly string[]> {
    let labs: string[] = [];
    for (let partition = 0; partition < LAB_PARTITIONS; ) {
      const [next, wrong, some] = await this.reads.humtemp_labs(
        0,
        this.keys.partitions(),
        LAB_PARTITIONS,
        partition,
        fromS,
        2 * pageLabs,
      );
      partition = next;
      for (const one of wrong) this.faults.report(this.keys.labs(one), OTHER_TYPE);
      labs = labs.length === 0 ? some : labs.concat(some);
      for (; labs.length >= pageLabs; labs = labs.slice(pageLabs)) yield labs.slice(0, pageLabs);
    }
    if (labs.length > 0) yield labs;
  }

  /**
   * Names of known labs after `after` in order, at most `limit`. Every partition is asked for its first few, so the cost is
   * that of the answer, however many labs there are.
   */
  async names(after: string, limit: number, nowMs: number): Promise<readonly string[]> {
    const names: string[] = [];
    const oldestS = this.pages.oldestKeptS(nowMs);
    for (let from: string | undefined = after; from !== undefined && names.length < limit; ) {
      const enough = Math.min(limit - names.length, NAMES_AT_ONCE_MAX);
      const share = enough / LAB_PARTITIONS;
      const [wrong, last, some] = await this.reads.humtemp_names(
        0,
        this.keys.partitions(),
        LAB_PARTITIONS,
        from === '' ? '-' : `(${from}`,
        enough,
        Math.min(enough, Math.ceil(share + 4 * Math.sqrt(share)) + 1),
        oldestS,
      );
      for (const one of new Set(wrong)) this.faults.report(this.keys.names(one), OTHER_TYPE);
      for (const name of some) names.push(name);
      from = last === '' ? undefined : last;
    }
    return names;
  }

  /** Now and then, removes labs of one partition that are no more. */
  #sweepNext(nowMs: number): void {
    if (nowMs - this.#sweptAtMs < SWEEP_INTERVAL_MS) return;
    this.#sweptAtMs = nowMs;
    const partition = this.#nextSwept;
    this.#nextSwept = (partition + 1) % LAB_PARTITIONS;
    this.redis
      .humtemp_sweep(
        2,
        this.keys.labs(partition),
        this.keys.names(partition),
        this.pages.oldestKeptS(nowMs),
        SWEPT_LABS_MAX,
      )
      .catch(() => {
        // What is left is invisible, and the next time will do.
      });
  }
}

const NONE: ReadonlySet<string> = new Set();
