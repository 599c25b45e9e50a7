import type { SessionRecord, SessionRegister } from '../store/session-register.js';
import { at, type Side } from './asking.js';
import type { Faults } from './faults.js';
import { BOOKS, type Keys } from './keys.js';
import { executePipeline } from './pipeline.js';
import { isWrongType } from './redis-errors.js';
import type { ScriptedRedis } from './scripts.js';
import type { Servers } from './servers.js';
import { OTHER_TYPE, type SetAside } from './set-aside.js';

/** Sessions in Redis. Times are those of the server's clock, so that the clocks of workers may differ. */
export class RedisSessions implements SessionRegister {
  constructor(
    readonly servers: Servers,
    readonly keys: Keys,
    readonly setAside: SetAside,
    readonly faults: Faults,
  ) {}

  async touchSession(name: string, owner: string, aliveS: number, value = ''): Promise<void> {
    const write = () =>
      this.#at('commits', (redis) =>
        executePipeline(
          redis
            .pipeline()
            .set(this.keys.sessionOwner(name), owner, 'EX', aliveS)
            .hset(this.keys.sessions(), name, value),
        ),
      );
    await this.#ours(this.keys.sessions(), write);
  }

  async sessionOwner(name: string): Promise<string | undefined> {
    const key = this.keys.sessionOwner(name);
    try {
      return (await this.#at('reads', (redis) => redis.get(key))) ?? undefined;
    } catch (error) {
      if (!isWrongType(error)) throw error;
      this.faults.report(key, OTHER_TYPE);
      return undefined;
    }
  }

  async sessions(): Promise<readonly SessionRecord[]> {
    let records: [string, string][] = [];
    await this.#ours(this.keys.sessions(), async () => {
      records = Object.entries(await this.#at('reads', (redis) => redis.hgetall(this.keys.sessions())));
    });
    const alive = await this.#at('reads', (redis) => {
      const pipeline = redis.pipeline();
      for (const [name] of records) pipeline.exists(this.keys.sessionOwner(name));
      return executePipeline(pipeline);
    });
    return records.map(([name, value], i) => ({ name, value, abandoned: alive[i] === 0 }));
  }

  async forgetSession(name: string): Promise<void> {
    await this.#at('commits', (redis) => redis.hdel(this.keys.sessions(), name));
  }

  #at<T>(side: Side, work: (redis: ScriptedRedis) => Promise<T>): Promise<T> {
    return at(this.servers, side, BOOKS, work);
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
