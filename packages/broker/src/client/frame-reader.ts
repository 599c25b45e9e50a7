import { frameLength, INCOMPLETE } from '@humtemp/intake';

const NOTHING = Buffer.alloc(0);

/** Puts whole frames together of the pieces that have passed the tap, which knows that they are well-formed. */
export class FrameReader {
  #kept = NOTHING;
  #count = 0;

  /** Whether a frame has begun that is not whole. */
  get isWithinFrame(): boolean {
    return this.#count > 0;
  }

  /** Takes a piece. Its frames stay as they are, and so does the whole piece as long as somebody has a part of one. */
  *take(chunk: Buffer): Generator<Buffer> {
    let bytes = this.#count === 0 ? chunk : this.#keep(chunk);
    for (;;) {
      const length = frameLength(bytes, 0, bytes.length);
      if (length === INCOMPLETE || length > bytes.length) break;
      yield bytes.subarray(0, length);
      bytes = bytes.subarray(length);
    }
    if (bytes.length === 0) this.clear();
    else if (this.#count !== bytes.length) {
      const rest = Buffer.from(bytes);
      this.clear();
      this.#keep(rest);
    }
  }

  clear(): void {
    this.#kept = NOTHING;
    this.#count = 0;
  }

  /** Room is made as bytes come. */
  #keep(chunk: Buffer): Buffer {
    const count = this.#count + chunk.length;
    if (count > this.#kept.length) {
      const kept = Buffer.allocUnsafe(count * 2);
      this.#kept.copy(kept, 0, 0, this.#count);
      this.#kept = kept;
    }
    chunk.copy(this.#kept, this.#count);
    this.#count = count;
    return this.#kept.subarray(0, count);
  }
}
