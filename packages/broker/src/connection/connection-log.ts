import type { Logger } from 'pino';

/** What a log line says of a connection. */
export interface ConnectionFacts {
  readonly address: string;
  /** Undefined before its CONNECT was accepted. */
  readonly client?: string | undefined;
  readonly topic?: string | undefined;
}

const REPEAT_AFTER_MS = 60_000;
/** Reasons of addresses that are remembered; what is beyond counts as from one more address. */
const ENTRIES_MAX = 1000;
const TEXT_MAX = 200;

interface Entry {
  readonly facts: ConnectionFacts;
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
  leftOut: number;
}

/**
 * Warnings about connections. The same reason from the same address is written at most once a minute, and how often it
 * was left out afterwards.
 */
export class ConnectionLog {
  readonly #entries = new Map<string, Entry>();
  readonly #timer: NodeJS.Timeout;

  constructor(
    readonly log: Logger,
    readonly clock: () => number = Date.now,
  ) {
    this.#timer = setInterval(() => this.sweep(), REPEAT_AFTER_MS);
    this.#timer.unref();
  }

  /** @param message what happens to the connection. @param reason why; numbers in it do not make it another one. */
  warn(message: string, facts: ConnectionFacts, reason: string): void {
    const kind = `${message} ${reason.replace(/\d+/g, '#')}`.slice(0, TEXT_MAX);
    const crowded = this.#entries.size >= ENTRIES_MAX;
    let key = `${facts.address} ${kind}`;
    if (crowded && !this.#entries.has(key)) key = kind;
    const entry = this.#entries.get(key);
    if (entry !== undefined && this.clock() - entry.atMs < REPEAT_AFTER_MS) {
      entry.leftOut += 1;
      return;
    }
    if (entry !== undefined) this.#end(key, entry);
    this.#entries.set(key, { facts, reason, message, atMs: this.clock(), leftOut: 0 });
    this.#write(message, facts, reason, undefined);
  }

  /** Says what was left out of what is older than a minute. */
  sweep(): void {
    const nowMs = this.clock();
    for (const [key, entry] of this.#entries)
      if (nowMs - entry.atMs >= REPEAT_AFTER_MS) this.#end(key, entry);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const [key, entry] of this.#entries) this.#end(key, entry);
  }

  #end(key: string, { facts, reason, message, leftOut }: Entry): void {
    this.#entries.delete(key);
    if (leftOut > 0) this.#write(message, { address: facts.address }, reason, leftOut);
  }

  #write(message: string, facts: ConnectionFacts, reason: string, leftOut: number | undefined): void {
    const { address, client, topic } = facts;
    this.log.warn(
      {
        address,
        ...(client !== undefined && { client: client.slice(0, TEXT_MAX) }),
        ...(topic !== undefined && { topic: topic.slice(0, TEXT_MAX) }),
        reason: reason.slice(0, TEXT_MAX),
        ...(leftOut !== undefined && { more: leftOut }),
      },
      message,
    );
  }
}
