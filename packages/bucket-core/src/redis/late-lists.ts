import { writeAt } from './asking.js';
import type { Keys } from './keys.js';
import { fenceArguments, type Servers } from './servers.js';

/** Labs whose heads are looked at in one call: bounds how long the server serves nobody else. */
const LABS_AT_ONCE = 128;

/**
 * Has the lists of labs with late rows begun where nobody keeps them: in a store of an earlier build, or after one was lost. The
 * script (late.lua) says what they are for; commits and folds keep them from then on. Nothing waits for it: until then, readers
 * look into the heads of all labs.
 */
export class LateLists {
  readonly #due = new Set<number>();
  #isRunning = false;
  #isStopped = false;

  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
  ) {}

  begin(partitions: Iterable<number>): void {
    for (const one of partitions) this.#due.add(one);
    if (this.#isRunning || this.#due.size === 0) return;
    this.#isRunning = true;
    void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #run(): Promise<void> {
    for (const partition of this.#due) {
      // Whoever finds it not begun another time tries again.
      await this.#beginOne(partition).catch(() => {});
      this.#due.delete(partition);
    }
    this.#isRunning = false;
  }

  /** The only caller of late.lua. */
  async #beginOne(partition: number): Promise<void> {
    const { keys, servers } = this;
    const named = [keys.late(partition), keys.labs(partition)];
    for (let looked = LABS_AT_ONCE; looked === LABS_AT_ONCE && !this.#isStopped; )
      looked = await writeAt(servers, partition, (redis, fence) =>
        redis.humtemp_late(2, ...named, keys.beforeLab(partition), LABS_AT_ONCE, ...fenceArguments(fence)),
      );
  }
}
