import type { Redis } from 'ioredis';
import { StoreRefused } from './store-layout.js';

/**
 * What must hold before a commit counts as one: that the server has it in memory, that a replica has it too, or that it
 * is in the append-only file on the server's disk.
 */
export type Durability = 'memory' | 'replica' | 'fsync';

/** How long the server may wait for a replica or its disk, in one call. */
const WAIT_MS_MAX = 1000;

/** What was written may not yet be as safe as was asked for. */
export class NotDurable extends Error {
  override readonly name = 'NotDurable';
}

/**
 * Waits until what a connection has written is safe. WAIT and WAITAOF speak only of what the very connection that sends
 * them has written to the server that it is connected to: asked on another, or on the same one made anew, they say yes
 * to nothing. So whoever writes notes the connection before, and asks after it.
 */
export class SafeWrites {
  #connection = 0;

  constructor(
    readonly redis: Redis,
    readonly durability: Durability,
    /** No answer within this time ends the connection. */
    readonly replyTimeoutMs: number,
  ) {
    redis.on('close', () => {
      this.#connection += 1;
    });
  }

  /** The connection that is used now, among all that were made. */
  get connection(): number {
    return this.#connection;
  }

  /**
   * Resolves when everything that this connection has written is safe.
   * @throws NotDurable when it is not for now, or when the connection is another by now.
   */
  async confirm(connection: number): Promise<void> {
    if (this.durability === 'memory') return;
    const waitMs = Math.max(1, Math.min(WAIT_MS_MAX, Math.floor(this.replyTimeoutMs / 2)));
    const copies = await this.#wait(waitMs);
    if (connection !== this.#connection)
      throw new NotDurable('the connection was lost before the commit was known to be safe');
    if (copies > 0) return;
    throw new NotDurable(
      this.durability === 'replica'
        ? `no replica has confirmed the commit within ${waitMs} ms`
        : `the commit did not reach the append-only file within ${waitMs} ms`,
    );
  }

  /** The same of what earlier connections have written to this server: what is written now comes after it. */
  async confirmEarlier(connection: number, key: string): Promise<void> {
    if (this.durability === 'memory') return;
    await this.redis.set(key, 'x', 'EX', 60);
    await this.confirm(connection);
  }

  /** @throws StoreRefused when this server can never say what it would be asked. */
  async check(): Promise<void> {
    if (this.durability === 'memory') return;
    try {
      await this.#wait(1);
    } catch (error) {
      const { message } = error as Error;
      if (/unknown command/i.test(message))
        throw new StoreRefused(
          `durability ${this.durability} needs ${this.durability === 'fsync' ? 'WAITAOF: Redis 7.2 or later, or Valkey' : 'WAIT'}, ` +
            'which this Redis does not have: choose replica or memory, or another Redis',
        );
      if (/appendonly is disabled/i.test(message))
        throw new StoreRefused(
          'durability fsync needs the append-only file of Redis: set appendonly yes in redis.conf',
        );
      throw error;
    }
  }

  /** How many copies are as they should be. */
  async #wait(ms: number): Promise<number> {
    if (this.durability === 'replica') return this.redis.wait(1, ms);
    const [local = 0] = (await this.redis.call('WAITAOF', 1, 0, ms)) as number[];
    return local;
  }
}
