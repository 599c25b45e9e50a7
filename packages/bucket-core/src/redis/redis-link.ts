import { connectRedis, type RedisConnectionOptions } from './connection.js';
import { type Durability, SafeWrites } from './durability.js';
import type { Keys } from './keys.js';
import { messageOf } from './redis-errors.js';
import { defineScripts, type ScriptedRedis } from './scripts.js';
import { checkLayout, StoreRefused } from './store-layout.js';

export interface RedisLinkOptions extends RedisConnectionOptions {
  /** What must hold before a commit counts. Default: memory. */
  readonly durability?: Durability;
  readonly onWarning?: (message: string) => void;
  readonly onFatal?: (error: Error) => void;
}

/** A server that is there but does not let us in is asked again after this time. */
const CHECK_AGAIN_MS = 1000;
const CHECK_WAIT_MS = 10;

/**
 * The two connections to a server: one that commits, and one for readers, so that no commit waits behind an answer to them.
 *
 *     connecting ──connected──▶ checked ──as it must be──▶ ready ──connection lost──▶ connecting
 *                                  ├─ not now (a missing right, say) ──▶ checked again
 *                                  └─ never as it is (a cluster, another layout) ──▶ refused, for good
 */
export class RedisLink {
  readonly commits: ScriptedRedis;
  readonly reads: ScriptedRedis;
  /** What the connection that commits has written. */
  readonly safe: SafeWrites;
  #isReady = false;
  #isClosed = false;
  #reason = 'not connected yet';
  #refusal: StoreRefused | undefined;
  #evictionPolicy = 'noeviction';
  #timer: NodeJS.Timeout | undefined;
  #hasWarnedOfEarlier = false;

  constructor(
    readonly options: RedisLinkOptions,
    readonly keys: Keys,
    /** Called when the connection is new: the server may be another. */
    readonly onNewConnection: () => void,
  ) {
    const { onConnection: _, ...others } = options;
    this.commits = defineScripts(
      connectRedis({ ...others, onConnection: ({ connected, reason }) => this.#changed(connected, reason) }),
    );
    this.safe = new SafeWrites(this.commits, options.durability ?? 'memory', options.replyTimeoutMs);
    this.reads = defineScripts(connectRedis(others));
  }

  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** @throws with the reason when commits cannot be taken. */
  check(): void {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (!this.#isReady) throw new Error(`Redis is not connected: ${this.#reason}`);
  }

  /** Resolves when readers have a connection. @throws when they do not get one soon. */
  async readable(): Promise<ScriptedRedis> {
    this.check();
    const endMs = performance.now() + this.options.replyTimeoutMs;
    while (this.reads.status !== 'ready') {
      this.check();
      if (performance.now() > endMs) throw new Error('Redis is not connected: no connection for readers');
      await new Promise((resolve) => setTimeout(resolve, CHECK_WAIT_MS));
    }
    return this.reads;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.commits.disconnect();
    this.reads.disconnect();
  }

  #changed(connected: boolean, reason: string): void {
    clearTimeout(this.#timer);
    this.#isReady = false;
    this.onNewConnection();
    if (connected) void this.#admit();
    else this.#notReady(reason);
  }

  #notReady(reason: string): void {
    this.#isReady = false;
    const isNews = this.#reason !== reason;
    this.#reason = reason;
    if (!this.#isClosed && isNews) this.options.onConnection?.({ connected: false, reason });
  }

  async #admit(): Promise<void> {
    try {
      await this.#inspect();
      await this.commits.humtemp_probe(2, this.keys.probe(), this.keys.aside(this.keys.probe()));
      await this.safe.check();
      const hasEarlier = await checkLayout(this.commits, this.keys);
      if (hasEarlier && !this.#hasWarnedOfEarlier) {
        this.#hasWarnedOfEarlier = true;
        this.options.onWarning?.(
          'Redis has buckets of an earlier version of humtemp under keys without prefix: they are not read, and expire',
        );
      }
      this.#reason = 'connected';
      this.#isReady = true;
      if (!this.#isClosed) this.options.onConnection?.({ connected: true, reason: 'connected' });
    } catch (error) {
      if (this.#isClosed) return;
      if (error instanceof StoreRefused) {
        this.#refusal = error;
        this.#notReady(error.message);
        this.options.onFatal?.(error);
        return;
      }
      this.#notReady(messageOf(error));
      // If the connection is lost, the next one is checked.
      if (this.commits.status === 'ready') {
        this.#timer = setTimeout(() => void this.#admit(), CHECK_AGAIN_MS);
        this.#timer.unref();
      }
    }
  }

  /** What the server says about itself. Where that is forbidden, all is taken to be well. */
  async #inspect(): Promise<void> {
    const info = await this.commits.info().catch((error: Error) => {
      if (error.name !== 'ReplyError') throw error;
      return '';
    });
    if (/^cluster_enabled:1/m.test(info))
      throw new StoreRefused(
        'Redis is a cluster (cluster_enabled is 1), which is not supported yet: use a single server, or one with replicas',
      );
    // A server that evicts keys loses buckets without an error.
    const policy = /^maxmemory_policy:(\S+)/m.exec(info)?.[1] ?? this.#evictionPolicy;
    if (policy !== 'noeviction' && policy !== this.#evictionPolicy)
      this.options.onWarning?.(
        `Redis evicts buckets once its memory is full (maxmemory-policy ${policy}): set it to noeviction`,
      );
    this.#evictionPolicy = policy;
  }
}
