import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

/** What is wrong with one direction of every connection, at the moment. */
export interface LaneFaults {
  /** Each chunk waits this long; what comes meanwhile waits behind it. */
  delayMs: number;
  bytesPerS: number;
  /** Bytes of one write at most. */
  sliceBytes: number;
  /**
   * Nothing passes, and nothing is lost: it waits, here and in the sockets' buffers, until the fault is over.
   */
  held: boolean;
  /** Everything is read and lost. */
  swallowed: boolean;
}

export function noLaneFaults(): LaneFaults {
  return { delayMs: 0, bytesPerS: Infinity, sliceBytes: Infinity, held: false, swallowed: false };
}

/** The part of a chunk that may pass; what it cuts by itself is up to the judge. */
export type LaneJudge = (chunk: Buffer) => Buffer;

/** A throttled lane writes so often, so that its bytes trickle instead of coming in gulps. */
const THROTTLED_WRITES_PER_S = 50;

/**
 * One direction of a connection.
 *
 *     reading ──chunk──▶ passing: delay, hold, judge, then slice by slice ──written──▶ reading
 *        │                  │
 *        └──end──▶ finished ◀┘ (after what is being passed)
 *
 * It reads nothing while it passes a chunk, so it holds one chunk, at most 64 KiB, besides the sockets' own
 * buffers: back-pressure goes through. The faults are looked up anew for each chunk; `wake` ends a wait for
 * those of before.
 */
export class FaultLane {
  /** Something was swallowed: what comes later must not pass as if it followed. */
  hasHole = false;
  /** Resolves once everything that came has passed and no more comes. */
  readonly finished: Promise<void>;
  #passing: Promise<void> = Promise.resolve();
  #wakeUp: (() => void) | undefined;
  #freeAtMs = 0;

  constructor(
    readonly from: Socket,
    readonly to: Socket,
    readonly faults: LaneFaults,
    readonly judge: LaneJudge,
  ) {
    from.on('data', (chunk: Buffer) => {
      from.pause();
      this.#passing = this.#pass(chunk).then(() => {
        from.resume();
      });
    });
    this.finished = new Promise((resolve) => {
      const finish = () => resolve(this.#passing);
      from.on('end', finish);
      from.on('close', finish);
    });
  }

  /** The faults have changed. */
  wake(): void {
    this.#wakeUp?.();
  }

  async #pass(chunk: Buffer): Promise<void> {
    const { faults } = this;
    if (faults.delayMs > 0) await this.#wait(faults.delayMs);
    while (faults.held && this.to.writable) await this.#wait(Infinity);
    if (faults.swallowed || this.hasHole) {
      this.hasHole = true;
      return;
    }
    const allowed = this.judge(chunk);
    for (let at = 0; at < allowed.length && this.to.writable; ) {
      const sliceBytes = Math.min(faults.sliceBytes, Math.ceil(faults.bytesPerS / THROTTLED_WRITES_PER_S));
      const slice = allowed.subarray(at, at + sliceBytes);
      await this.#write(slice);
      await this.#pace(slice.length);
      at += slice.length;
    }
  }

  /** Resolves when the system has taken it, or the socket is gone. */
  #write(bytes: Buffer): Promise<void> {
    return new Promise((resolve) => {
      this.to.write(bytes, () => resolve());
    });
  }

  async #pace(bytes: number): Promise<void> {
    if (this.faults.bytesPerS === Infinity) return;
    const nowMs = performance.now();
    this.#freeAtMs = Math.max(this.#freeAtMs, nowMs) + (bytes / this.faults.bytesPerS) * 1000;
    // Timers are no finer than this.
    if (this.#freeAtMs - nowMs >= 1) await this.#wait(this.#freeAtMs - nowMs);
  }

  async #wait(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wakeUp = resolve;
      if (ms !== Infinity) timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.#wakeUp = undefined;
  }
}
