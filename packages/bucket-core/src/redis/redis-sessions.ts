import type { SessionRecord, SessionRegister } from '../store/session-register.js';
import type { Faults } from './faults.js';
import type { Keys } from './keys.js';
import { executePipeline } from './pipeline.js';
import { isWrongType } from './redis-errors.js';
import type { RedisLink } from './redis-link.js';
import { OTHER_TYPE, type SetAside } from './set-aside.js';

/** Sessions in Redis. Times are those of the server's clock, so that the clocks of workers may differ. */
export class RedisSessions implements SessionRegister {
  constructor(
    readonly link: RedisLink,
    readonly keys: Keys,
    readonly setAside: SetAside,
    readonly faults: Faults,
  ) {}

  async touchSession(name: string, owner: string, aliveS: number, value = ''): Promise<void> {
    this.link.check();
    const write = () =>
      executePipeline(
        this.link.commits
          .pipeline()
          .set(this.keys.sessionOwner(name), owner, 'EX', aliveS)
          .hset(this.keys.sessions(), name, value),
      );
    await this.#ours(this.keys.sessions(), write);
  }

  async sessionOwner(name: string): Promise<string | undefined> {
    const reads = await this.link.readable();
    const key = this.keys.sessionOwner(name);
    try {
      return (await reads.get(key)) ?? undefined;
    } catch (error) {
      if (!isWrongType(error)) throw error;
      this.faults.report(key, OTHER_TYPE);
      return undefined;
    }
  }

  async sessions(): Promise<readonly SessionRecord[]> {
    const reads = await this.link.readable();
    let records: [string, string][] = [];
    await this.#ours(this.keys.sessions(), async () => {
      records = Object.entries(await reads.hgetall(this.keys.sessions()));
    });
    const pipeline = reads.pipeline();
    for (const [name] of records) pipeline.exists(this.keys.sessionOwner(name));
    const alive = await executePipeline(pipeline);
    return records.map(([name, value], i) => ({ name, value, abandoned: alive[i] === 0 }));
  }

  async forgetSession(name: string): Promise<void> {
    this.link.check();
    await this.link.commits.hdel(this.keys.sessions(), name);
  }

  /** Does something with a key of ours. What is there of another type is set aside first. */
  async #ours(key: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!isWrongType(error)) throw error;
      await this.setAside.ofOtherType(key);
      await work();
    }
  }
}
