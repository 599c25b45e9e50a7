import { idChunks } from './id-chunks.js';

/** What comes into view together is asked for together. */
const GATHER_MS = 30;
const IDS_MAX = 100;

interface Wish<T> {
  readonly id: string;
  readonly signal: AbortSignal | undefined;
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Reads of single labs that are wanted at about the same time, made as few requests. */
export class Gathering<T> {
  #wishes: Wish<T>[] = [];

  /** @param read answers in the order of the ids. */
  constructor(readonly read: (ids: readonly string[]) => Promise<readonly T[]>) {}

  /** What is read of this one. Nothing is asked for whose signal was aborted meanwhile. */
  want(id: string, signal?: AbortSignal): Promise<T> {
    if (this.#wishes.length === 0) setTimeout(() => this.#ask(), GATHER_MS);
    return new Promise((resolve, reject) => this.#wishes.push({ id, signal, resolve, reject }));
  }

  #ask(): void {
    const wishes = this.#wishes;
    this.#wishes = [];
    const wanted = wishes.filter(({ signal }) => !signal?.aborted);
    for (const { signal, reject } of wishes) if (signal?.aborted) reject(signal.reason);
    const ids = [...new Set(wanted.map(({ id }) => id))];
    for (const chunk of idChunks(ids, IDS_MAX)) {
      const places = new Map(chunk.map((id, i) => [id, i]));
      const some = wanted.filter(({ id }) => places.has(id));
      this.read(chunk).then(
        (values) => {
          for (const { id, resolve } of some) resolve(values[places.get(id)!]!);
        },
        (error) => {
          for (const { reject } of some) reject(error);
        },
      );
    }
  }
}
