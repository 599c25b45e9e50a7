import type { ServerResponse } from 'node:http';

/** How often it is looked at, in milliseconds: a look costs as much as there are answers. */
const LOOK_MS = 20;
/** An answer that has been taken by its client for less long is not cut. */
const CUT_MS_MIN = 1000;

interface Held {
  readonly client: string;
  readonly sinceMs: number;
}

/**
 * The answers that are made and not yet taken by the network, because their clients read slowly or not at all, and
 * what they hold of memory. Where they hold too much, the client that holds most loses its oldest.
 */
export class HeldAnswers {
  readonly #held = new Map<ServerResponse, Held>();
  #bytes = 0;
  #lookedMs = Number.NEGATIVE_INFINITY;
  #cut = 0;
  /** Whether all answers were there at the last look. */
  #isMeasured = true;

  constructor(readonly bytesMax: number) {}

  /** Bytes that wait for clients. */
  get bytes(): number {
    this.#lookAll();
    return this.#bytes;
  }

  /** Answers that were cut since the start. */
  get cut(): number {
    return this.#cut;
  }

  /** Whether no answer should be made before clients have taken others. Cuts one where it is time. */
  get isFull(): boolean {
    if (this.#held.size === 0) return false;
    this.#lookAll();
    return this.#bytes > this.bytesMax;
  }

  /** Counts an answer until its connection has taken it, or is closed. */
  add(answer: ServerResponse, client: string): void {
    if (answer.closed) return;
    this.#isMeasured = false;
    this.#held.set(answer, { client, sinceMs: performance.now() });
    answer.once('close', () => this.#held.delete(answer));
  }

  /** Counts what answers hold that were added since the last look. */
  look(): void {
    if (this.#isMeasured) return;
    this.#isMeasured = true;
    this.#lookedMs = Number.NEGATIVE_INFINITY;
    this.#lookAll();
  }

  #lookAll(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = nowMs;
    this.#bytes = 0;
    const bytesOf = new Map<string, number>();
    for (const [answer, { client }] of this.#held) {
      const bytes = heldBytes(answer);
      this.#bytes += bytes;
      bytesOf.set(client, (bytesOf.get(client) ?? 0) + bytes);
    }
    if (this.#bytes <= this.bytesMax) return;
    const [most] = [...bytesOf].reduce((a, b) => (b[1] > a[1] ? b : a));
    // In the order in which they were made.
    for (const [answer, { client, sinceMs }] of this.#held) {
      if (this.#bytes <= this.bytesMax) break;
      if (client !== most || nowMs - sinceMs < CUT_MS_MIN) continue;
      const bytes = heldBytes(answer);
      if (bytes === 0) continue;
      this.#bytes -= bytes;
      this.#cut += 1;
      answer.destroy();
    }
  }
}

function heldBytes(answer: ServerResponse): number {
  // What its socket has is included.
  return answer.writableLength;
}
