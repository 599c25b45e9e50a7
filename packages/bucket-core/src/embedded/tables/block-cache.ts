/** Blocks of tables that were read lately, up to so many bytes. */
export class BlockCache {
  readonly #blocks = new Map<string, Buffer>();
  #bytes = 0;

  constructor(readonly bytesMax: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Buffer | undefined {
    const block = this.#blocks.get(key);
    if (block !== undefined) {
      // The last one to go, from now on.
      this.#blocks.delete(key);
      this.#blocks.set(key, block);
    }
    return block;
  }

  put(key: string, block: Buffer): void {
    if (block.length > this.bytesMax / 4) return;
    this.#blocks.set(key, block);
    this.#bytes += block.length;
    for (const [oldest, { length }] of this.#blocks) {
      if (this.#bytes <= this.bytesMax) return;
      this.#blocks.delete(oldest);
      this.#bytes -= length;
    }
  }
}
