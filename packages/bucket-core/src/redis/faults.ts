import { FAULTS_MAX, type StoreFault } from '../store/store-fault.js';
import { connectionOf } from './asking.js';
import { BOOKS } from './keys.js';
import type { Servers } from './servers.js';

/** A fault of the same key and reason is reported again after this time. */
const REPEAT_MS = 60_000;
const REMEMBERED_MAX = 10_000;

/** Reports and lists values that were set aside or left out. Nothing waits for it. */
export class Faults {
  readonly #reported = new Map<string, number>();
  readonly #newest: StoreFault[] = [];

  constructor(
    readonly servers: Servers,
    readonly onFault: ((fault: StoreFault) => void) | undefined,
  ) {}

  report(key: string, reason: string, lab?: string): void {
    const atMs = Date.now();
    const name = `${key} ${reason}`;
    if (atMs - (this.#reported.get(name) ?? 0) < REPEAT_MS) return;
    if (this.#reported.size >= REMEMBERED_MAX) this.#reported.clear();
    this.#reported.set(name, atMs);
    const fault: StoreFault = { ...(lab === undefined ? {} : { lab }), key, reason, atMs };
    this.#newest.unshift(fault);
    this.#newest.length = Math.min(this.#newest.length, FAULTS_MAX);
    this.onFault?.(fault);
    // The list is for reading; the fault is reported in any case.
    this.#list(fault).catch(() => {});
  }

  async #list(fault: StoreFault): Promise<void> {
    const list = this.servers.keys.faults();
    const redis = await connectionOf(this.servers, 'commits', BOOKS);
    await redis
      .pipeline()
      .lpush(list, JSON.stringify(fault))
      .ltrim(list, 0, FAULTS_MAX - 1)
      .exec();
  }

  /** Of this process, newest first. */
  get newest(): readonly StoreFault[] {
    return this.#newest;
  }
}
