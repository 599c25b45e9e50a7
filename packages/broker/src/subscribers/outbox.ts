import type { Duplex } from 'node:stream';
import type { Budget } from '../budgets/budget.js';

/** Bytes that are handed to the connection before the rest waits here. */
const AHEAD_BYTES = 64 * 1024;
/**
 * Longer frames go out by themselves: the memory in which they would be put together is outside of V8's heap, and too much of it makes V8
 * collect all of its heap.
 */
const SHORT_BYTES = 2048;
/** What a frame that waits takes besides its bytes. */
const OVERHEAD_BYTES = 160;

/** The connection of a client. */
export interface OutboxClient {
  /** What frames are written to. */
  readonly tap: Duplex;
  /** What it writes to. */
  readonly transport: { readonly writableLength: number };
  /** Whose memory it is. */
  readonly owner: string;
}

/** What the outboxes of all clients share. */
export interface OutboxLimits {
  /** Bytes that may wait for one client. */
  readonly bytesMax: number;
  readonly budget: Budget;
  readonly clock: { readonly servedMs: number };
}

/**
 * What waits for a client to read it. Publishes are collected, and go out together when the turn that brings them is
 * over. Nobody waits for a client that does not read; only those wait for whom nobody else waits: retained publishes and
 * what a session has kept.
 */
export class Outbox {
  #frames: Buffer[] = [];
  /** Where the next one stands. */
  #head = 0;
  /** What the frames cost that wait here. */
  #waiting = 0;
  /** What the budget knows of. */
  #counted = 0;
  #countedFor = '';
  #fullSinceMs: number | undefined;
  #forRoom: (() => void)[] = [];
  #isClosed = false;

  constructor(
    readonly client: OutboxClient,
    readonly limits: OutboxLimits,
  ) {
    const { tap } = client;
    tap.on('drain', () => this.onDrained());
  }

  /** What waits for the client, here and in its connection. */
  get bytes(): number {
    return this.#waiting + this.#ahead;
  }

  get #ahead(): number {
    const { tap, transport } = this.client;
    return tap.writableLength + transport.writableLength;
  }

  /** Whether a session or retained publishes may hand over more. */
  get isShort(): boolean {
    const { bytes } = this;
    const { client, limits } = this;
    return bytes === 0 || (bytes < AHEAD_BYTES && limits.budget.hasRoom(client.owner, bytes - this.#counted));
  }

  /** For how long the client has not read, with its fill waiting. */
  get fullForMs(): number {
    return this.#fullSinceMs === undefined ? 0 : this.limits.clock.servedMs - this.#fullSinceMs;
  }

  /** Whether there is no room for a frame; from then on the client is late. */
  isFullFor(frameBytes: number): boolean {
    const { bytesMax, budget } = this.limits;
    const cost = this.bytes + frameBytes + OVERHEAD_BYTES;
    // What the kernel takes at once costs nothing here.
    if (cost <= AHEAD_BYTES && this.#ahead === 0) return false;
    if (cost <= bytesMax && budget.hasRoom(this.client.owner, cost - this.#counted)) return false;
    this.#late();
    return true;
  }

  /** Adds a frame, which goes out with the next `flush()`. */
  add(frame: Buffer): void {
    if (this.#isClosed) return;
    this.#frames.push(frame);
    this.#waiting += frame.length + OVERHEAD_BYTES;
    // A client that reads is not late because a turn brings much.
    if (this.#waiting >= AHEAD_BYTES && this.#ahead === 0) this.flush();
  }

  /** Hands on as much as the connection should have. */
  flush(): void {
    const { tap } = this.client;
    while (this.#head < this.#frames.length && this.#ahead < AHEAD_BYTES && !tap.writableEnded) this.#write();
    if (this.#head === this.#frames.length) {
      this.#frames = [];
      this.#head = 0;
    } else if (this.#head > 1000 && this.#head * 2 > this.#frames.length) {
      this.#frames = this.#frames.slice(this.#head);
      this.#head = 0;
    }
    this.count();
    if (this.#forRoom.length > 0 && this.isShort) this.#release();
  }

  /** Calls back when a session or retained publishes may hand over more, or the connection is closed. */
  whenShort(callback: () => void): void {
    if (this.isShort || this.#isClosed) setImmediate(callback);
    else {
      this.#forRoom.push(callback);
      this.#late();
    }
  }

  /** Looks again at a client that is late: others may have given back memory. */
  look(): void {
    if (this.#fullSinceMs === undefined) return;
    this.flush();
    if (this.bytes === 0) this.#fullSinceMs = undefined;
  }

  /** Counts what waits at its owner, who may have become another one. */
  count(): void {
    const { budget } = this.limits;
    const bytes = this.#isClosed ? 0 : this.bytes;
    if (bytes === this.#counted && bytes === 0) return;
    const now = this.client.owner;
    if (now !== this.#countedFor) {
      if (this.#counted > 0) budget.give(this.#countedFor, this.#counted);
      this.#counted = 0;
      this.#countedFor = now;
    }
    budget.change(now, bytes - this.#counted);
    this.#counted = bytes;
  }

  /** Short frames go out in one piece. */
  #write(): void {
    const first = this.#frames[this.#head]!;
    let end = this.#head + 1;
    let bytes = first.length;
    if (bytes <= SHORT_BYTES)
      for (; end < this.#frames.length && bytes < AHEAD_BYTES; end++) {
        const { length } = this.#frames[end]!;
        if (length > SHORT_BYTES) break;
        bytes += length;
      }
    const frames = this.#frames.slice(this.#head, end);
    this.#frames.fill(NOTHING, this.#head, end);
    this.#head = end;
    this.#waiting -= bytes + frames.length * OVERHEAD_BYTES;
    this.client.tap.write(frames.length === 1 ? first : Buffer.concat(frames, bytes));
  }

  /** The client reads again what it did not. */
  onDrained(): void {
    this.flush();
    if (this.isShort) this.#fullSinceMs = undefined;
  }

  /** There is more for the client than it reads. */
  #late(): void {
    this.#fullSinceMs ??= this.limits.clock.servedMs;
  }

  /** The connection is closed. */
  close(): void {
    this.#isClosed = true;
    this.#frames = [];
    this.#head = 0;
    this.#waiting = 0;
    this.count();
    this.#release();
  }

  #release(): void {
    const waiting = this.#forRoom;
    this.#forRoom = [];
    this.#fullSinceMs = undefined;
    for (const callback of waiting) setImmediate(callback);
  }
}

const NOTHING = Buffer.alloc(0);
