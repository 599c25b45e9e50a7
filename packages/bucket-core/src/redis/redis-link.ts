import { CLOSED, connectRedis, type RedisConnectionOptions } from './connection.js';
import { type Durability, SafeWrites } from './durability.js';
import { messageOf } from './redis-errors.js';
import { defineScripts, type ScriptedRedis } from './scripts.js';
import { factsOf, findingsOf, findingText, type ServerFacts, type ServerFinding } from './self-check.js';
import { StoreRefused } from './store-layout.js';

/** The state of the connection to a server, for logs. */
export interface ConnectionState {
  readonly connected: boolean;
  readonly reason: string;
  /** Its name, where there are several. */
  readonly server?: string;
}

/** What whoever has several links, or one, is told by them. */
export interface RedisLinkEvents {
  readonly onConnection?: (state: ConnectionState) => void;
  readonly onWarning?: (message: string) => void;
  readonly onFatal?: (error: Error) => void;
}

export interface RedisLinkOptions extends Omit<RedisConnectionOptions, 'onConnection'>, RedisLinkEvents {
  /** How messages name the server; empty where there is only one. */
  readonly name: string;
  readonly isClusterNode: boolean;
  /** What must hold before a commit counts. Default: memory. */
  readonly durability?: Durability;
  /** Called when the connection is new: the server may be another. */
  readonly onNewConnection: (link: RedisLink) => void;
  /** What else must hold before it is ready. @throws why it may not be used, StoreRefused if never. */
  readonly admit: (link: RedisLink) => Promise<void>;
}

/** A server that is there but does not let us in is asked again after this time. */
const CHECK_AGAIN_MS = 1000;
const CHECK_WAIT_MS = 10;
/** How old what a server says about itself may get, when somebody asks. */
const FINDINGS_MS_MAX = 10_000;

/**
 * The two connections to a server: one that commits, and one for readers, so that no commit waits behind an answer to them.
 *
 *     connecting ──connected──▶ checked ──as it must be──▶ ready ──connection lost──▶ connecting
 *                                  ├─ not now (a missing right, say) ──▶ checked again
 *                                  └─ never as it is (another topology, another layout) ──▶ refused, for good
 */
export class RedisLink {
  readonly commits: ScriptedRedis;
  readonly reads: ScriptedRedis;
  /** What the connection that commits has written. */
  readonly safe: SafeWrites;
  readonly #who: string;
  #isReady = false;
  #isClosed = false;
  #hasFailed = false;
  #reason = 'not connected yet';
  #refusal: StoreRefused | undefined;
  #findings: readonly ServerFinding[] = [];
  #lookedMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(readonly options: RedisLinkOptions) {
    const { onConnection: _, ...others } = options;
    this.#who = options.name === '' ? 'Redis' : `Redis ${options.name}`;
    this.commits = defineScripts(
      connectRedis({ ...others, onConnection: ({ connected, reason }) => this.#changed(connected, reason) }),
    );
    this.safe = new SafeWrites(this.commits, options.durability ?? 'memory', options.replyTimeoutMs);
    this.reads = defineScripts(connectRedis(others));
  }

  get name(): string {
    return this.options.name;
  }

  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether it was tried in vain since the process began. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** What is between us and the server, if it is not ready. */
  get reason(): string {
    return this.#reason;
  }

  /** What is not as it should be with the server, each with the line to change, as it was when it was looked at last. */
  get warnings(): readonly string[] {
    return this.#findings.map((finding) => findingText(this.#who, finding));
  }

  /** Looks again at what the server says about itself, if that was a while ago. */
  async lookAgain(): Promise<void> {
    if (performance.now() - this.#lookedMs < FINDINGS_MS_MAX || this.reads.status !== 'ready') return;
    this.#note(await this.#factsFrom(this.reads));
  }

  /** The connection that commits. @throws with the reason when commits cannot be taken. */
  writable(): ScriptedRedis {
    if (this.#refusal !== undefined) throw this.#refusal;
    if (!this.#isReady) throw new Error(`${this.#who} is not connected: ${this.#reason}`);
    return this.commits;
  }

  /** Resolves when readers have a connection. @throws when they do not get one soon. */
  async readable(): Promise<ScriptedRedis> {
    this.writable();
    const endMs = performance.now() + this.options.replyTimeoutMs;
    while (this.reads.status !== 'ready') {
      this.writable();
      if (performance.now() > endMs)
        throw new Error(`${this.#who} is not connected: no connection for readers`);
      await new Promise((resolve) => setTimeout(resolve, CHECK_WAIT_MS));
    }
    return this.reads;
  }

  close(): void {
    this.#isClosed = true;
    this.#isReady = false;
    clearTimeout(this.#timer);
    this.commits.disconnect();
    this.reads.disconnect();
  }

  #changed(connected: boolean, reason: string): void {
    clearTimeout(this.#timer);
    const wasReady = this.#isReady;
    this.#isReady = false;
    this.options.onNewConnection(this);
    if (connected) void this.#admit();
    // That a connection ends over which nothing could be done is no news: what kept it from it is.
    else this.#notReady(wasReady || reason !== CLOSED ? reason : this.#reason);
  }

  #notReady(reason: string): void {
    this.#isReady = false;
    this.#hasFailed = true;
    const isNews = this.#reason !== reason;
    this.#reason = reason;
    if (!this.#isClosed && isNews) this.#tell(false);
  }

  #tell(connected: boolean): void {
    const { name } = this.options;
    const server = name === '' ? {} : { server: name };
    this.options.onConnection?.({ connected, reason: this.#reason, ...server });
  }

  async #admit(): Promise<void> {
    try {
      await this.#inspect();
      await this.options.admit(this);
      await this.safe.check();
      if (this.commits.status !== 'ready') return;
      this.#reason = 'connected';
      this.#isReady = true;
      if (!this.#isClosed) this.#tell(true);
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
    const facts = await this.#factsFrom(this.commits);
    const isCluster = facts.info?.cluster_enabled === '1';
    if (isCluster && !this.options.isClusterNode)
      throw new StoreRefused(
        `${this.#who} is a cluster (cluster_enabled is 1): write its address as redis+cluster://host:port,host:port`,
      );
    if (!isCluster && this.options.isClusterNode && facts.info !== undefined)
      throw new StoreRefused(
        `${this.#who} is no cluster (cluster_enabled is 0): write its address as redis://host:port`,
      );
    this.#note(facts);
    const broken = this.#findings.find(({ breaksPromise }) => breaksPromise);
    if (broken !== undefined) throw new Error(`${broken.what} → ${broken.change}`);
  }

  #factsFrom(redis: ScriptedRedis): Promise<ServerFacts> {
    this.#lookedMs = performance.now();
    return factsOf(redis, this.options.isClusterNode, Date.now);
  }

  /** Says what is new of what is not as it should be. */
  #note(facts: ServerFacts): void {
    const { durability = 'memory', isClusterNode: isCluster } = this.options;
    const before = this.#findings;
    this.#findings = findingsOf(facts, { durability, isCluster });
    for (const finding of this.#findings)
      if (!finding.breaksPromise && !before.some(({ kind }) => kind === finding.kind))
        this.options.onWarning?.(findingText(this.#who, finding));
  }
}
