import type { Duplex } from 'node:stream';
import type { Client } from 'aedes';
import { clientInternalsOf } from '../engine/aedes-internals.js';

/** Bytes that may wait for a client before we stop taking more from its session, or from the retained publishes. */
const AHEAD_BYTES = 256 * 1024;

/**
 * What waits for a client to read it. aedes would hold up everybody's publishes for one that does not read; here only
 * those wait who have nobody else waiting for them: acknowledgements, retained publishes, and what a session has kept.
 */
export class Backlog {
  #waiting: (() => void)[] = [];
  #fullSinceMs: number | undefined;

  /** @param tap what aedes writes to. @param transport what it goes to. */
  constructor(
    readonly tap: Duplex,
    readonly transport: Duplex,
    client: Client,
    readonly bytesMax: number,
  ) {
    clientInternalsOf(client).waitForDrain = (callback) => {
      const goOn = () => callback(null, client);
      if (this.bytes < AHEAD_BYTES) setImmediate(goOn);
      else {
        this.#waiting.push(goOn);
        this.#fullSinceMs ??= performance.now();
      }
    };
    transport.on('drain', () => this.#drain());
    tap.once('close', () => this.#release());
  }

  get bytes(): number {
    return this.tap.writableLength + this.transport.writableLength;
  }

  /** Whether there is no room for another publish. */
  get isFull(): boolean {
    if (this.bytes <= this.bytesMax) return false;
    this.#fullSinceMs ??= performance.now();
    return true;
  }

  /** For how long it has not read, with its fill waiting. */
  fullForMs(nowMs: number): number {
    return this.#fullSinceMs === undefined ? 0 : nowMs - this.#fullSinceMs;
  }

  #drain(): void {
    if (this.bytes <= this.bytesMax) this.#fullSinceMs = undefined;
    this.#release();
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const goOn of waiting) setImmediate(goOn);
  }
}
