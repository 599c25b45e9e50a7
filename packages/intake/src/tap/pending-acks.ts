const PUBACK = 0x40;

/**
 * Packet ids of one connection that await their acknowledgement, each with the receipt of its publish. Ids are kept in the
 * order of arrival, and none is acknowledged before those in front of it, so PUBACKs leave in the order of the publishes
 * [MQTT-4.6.0-2]. A publish costs two numbers.
 */
export class PendingAcks {
  /** Receipt and packet id by turns. */
  #pending: number[] = [];

  /** @returns whether the publish before it has another receipt. */
  add(receipt: number, packetId: number): boolean {
    const pending = this.#pending;
    const isFirst = pending.length === 0 || pending[pending.length - 2] !== receipt;
    pending.push(receipt, packetId);
    return isFirst;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** Number of publishes that await their acknowledgement. */
  get count(): number {
    return this.#pending.length / 2;
  }

  /** PUBACK frames for everything in front of the first that is not settled, or undefined if there is nothing. */
  takeSettled(
    isSettled: (receipt: number) => boolean,
    _refusedLabs?: ReadonlySet<string>,
  ): Buffer | undefined {
    const pending = this.#pending;
    let settled = 0;
    // Most have the receipt of the one before.
    for (let last: number | undefined; settled < pending.length; settled += 2) {
      const receipt = pending[settled]!;
      if (receipt === last) continue;
      if (!isSettled(receipt)) break;
      last = receipt;
    }
    if (settled === 0) return undefined;
    const frames = Buffer.allocUnsafe(settled * 2);
    for (let i = 1, at = 0; i < settled; i += 2, at += 4) {
      const id = pending[i]!;
      frames[at] = PUBACK;
      frames[at + 1] = 2;
      frames[at + 2] = id >> 8;
      frames[at + 3] = id & 0xff;
    }
    this.#pending = settled === pending.length ? [] : pending.slice(settled);
    return frames;
  }

  clear(): void {
    this.#pending = [];
  }
}
