/** A frame that is no longer takes memory of its own size. */
const SHORT_BYTES = 1024;
const SHORT_BYTES_MIN = 64;
const BLOCK_BYTES = 4096;
/** Blocks that are kept for the next frames: 16 MiB. */
const FREE_MAX = 4096;

/** Blocks that nobody uses. */
const free: Buffer[] = [];
/** Where a frame is put together. */
let room = Buffer.allocUnsafeSlow(2 * BLOCK_BYTES);

/**
 * What has come of a frame that is not whole. A long one takes blocks, which go from frame to frame: memory taken anew for
 * each would be outside of V8's heap, which makes it collect all of its heap again, tens of times in a second where strangers
 * send much.
 */
export class FramePieces {
  #short: Buffer | undefined;
  #blocks: Buffer[] | undefined;
  #length = 0;

  /** Bytes of the frame that have come. */
  get length(): number {
    return this.#length;
  }

  /** Bytes of memory that it takes with so many bytes more. */
  memoryWith(more: number): number {
    const length = this.#length + more;
    return length <= SHORT_BYTES ? shortRoom(length) : Math.ceil(length / BLOCK_BYTES) * BLOCK_BYTES;
  }

  /** Its first bytes, as many as there are, or some thousands. */
  get beginning(): Buffer {
    const first = this.#blocks?.[0] ?? this.#short;
    return first === undefined ? room.subarray(0, 0) : first.subarray(0, Math.min(this.#length, BLOCK_BYTES));
  }

  /** Takes a copy of bytes [start, end). */
  add(bytes: Buffer, start: number, end: number): void {
    if (this.#blocks === undefined && this.#length + end - start <= SHORT_BYTES)
      this.#addShort(bytes, start, end);
    else this.#addLong(bytes, start, end);
  }

  /** All of it in one piece, which is good until anybody calls this again. */
  join(): Buffer {
    const length = this.#length;
    if (this.#blocks === undefined) return this.beginning;
    if (this.#blocks.length === 1) return this.beginning;
    if (room.length < length) room = Buffer.allocUnsafeSlow(length * 2);
    for (const [i, block] of this.#blocks.entries()) block.copy(room, i * BLOCK_BYTES);
    return room.subarray(0, length);
  }

  /** Gives back its memory, and is empty. What `beginning` and `join()` have returned must not be used any more. */
  clear(): void {
    for (const block of this.#blocks ?? []) if (free.length < FREE_MAX) free.push(block);
    this.#blocks = undefined;
    this.#short = undefined;
    this.#length = 0;
  }

  #addShort(bytes: Buffer, start: number, end: number): void {
    const length = this.#length + end - start;
    if (this.#short === undefined || this.#short.length < length) {
      const longer = Buffer.allocUnsafe(shortRoom(length));
      this.#short?.copy(longer, 0, 0, this.#length);
      this.#short = longer;
    }
    bytes.copy(this.#short, this.#length, start, end);
    this.#length = length;
  }

  #addLong(bytes: Buffer, start: number, end: number): void {
    if (this.#blocks === undefined) {
      const short = this.#short;
      const length = this.#length;
      this.#blocks = [];
      this.#short = undefined;
      this.#length = 0;
      if (short !== undefined) this.#addLong(short, 0, length);
    }
    for (let at = start; at < end; ) {
      const within = this.#length % BLOCK_BYTES;
      if (within === 0) this.#blocks.push(free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES));
      const step = Math.min(end - at, BLOCK_BYTES - within);
      bytes.copy(this.#blocks.at(-1)!, within, at, at + step);
      this.#length += step;
      at += step;
    }
  }
}

function shortRoom(length: number): number {
  let bytes = SHORT_BYTES_MIN;
  while (bytes < length) bytes *= 2;
  return bytes;
}
