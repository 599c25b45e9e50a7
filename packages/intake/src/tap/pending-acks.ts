const PUBACK = 0x40;
/** Numbers that a connection has room for while nothing awaits its acknowledgement. */
const KEPT_MAX = 4096;

/**
 * Packet ids of one connection that await their acknowledgement, each with the receipt of its publish. Ids are kept in the
 * order of arrival, and none is acknowledged before those in front of it, so PUBACKs leave in the order of the publishes
 * [MQTT-4.6.0-2]. A publish costs two numbers.
 */
export class PendingAcks {
  /** Receipt and packet id by turns, from `#start` to `#end`. The array is used again: to let one grow costs more. */
  #pending: number[] = [];
  #start = 0;
  #end = 0;

  /** @returns whether the publish before it has another receipt. */
  add(receipt: number, packetId: number): boolean {
    const pending = this.#pending;
    const end = this.#end;
    const isFirst = end === this.#start || pending[end - 2] !== receipt;
    pending[end] = receipt;
    pending[end + 1] = packetId;
    this.#end = end + 2;
    return isFirst;
  }

  get isEmpty(): boolean {
    return this.#start === this.#end;
  }

  /** Number of publishes that await their acknowledgement. */
  get count(): number {
    return (this.#end - this.#start) / 2;
  }

  /** PUBACK frames for everything in front of the first that is not settled, or undefined if there is nothing. */
  takeSettled(
    isSettled: (receipt: number) => boolean,
    _refusedLabs?: ReadonlySet<string>,
  ): Buffer | undefined {
    const pending = this.#pending;
    const start = this.#start;
    const end = this.#end;
    let settled = start;
    // Most have the receipt of the one before.
    for (let last: number | undefined; settled < end; settled += 2) {
      const receipt = pending[settled]!;
      if (receipt === last) continue;
      if (!isSettled(receipt)) break;
      last = receipt;
    }
    if (settled === start) return undefined;
    const frames = Buffer.allocUnsafe((settled - start) * 2);
    for (let i = start + 1, at = 0; i < settled; i += 2, at += 4) {
      const id = pending[i]!;
      frames[at] = PUBACK;
      frames[at + 1] = 2;
      frames[at + 2] = id >> 8;
      frames[at + 3] = id & 0xff;
    }
    this.#start = settled;
    this.#makeRoom();
    return frames;
  }

  clear(): void {
    this.#pending = [];
    this.#start = 0;
    this.#end = 0;
  }

  /** Moves what is left to the front, once that is no more than what is gone. */
  #makeRoom(): void {
    const pending = this.#pending;
    const start = this.#start;
    const left = this.#end - start;
    if (left > start) return;
    if (left === 0 && this.#end > KEPT_MAX) this.#pending = [];
    for (let i = 0; i < left; i++) pending[i] = pending[start + i]!;
    this.#start = 0;
    this.#end = left;
  }
}
