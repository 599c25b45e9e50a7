const PUBACK = 0x40;

/**
 * Packet ids of one connection that await their acknowledgement, by the batch that their publishes went into. Batches
 * settle in order and ids are kept in the order of arrival, so PUBACKs leave in the order of the publishes
 * [MQTT-4.6.0-2]. A batch costs one object here, a publish one number.
 */
export class PendingAcks {
  #segments: { readonly batch: number; readonly ids: number[] }[] = [];
  #last: { readonly batch: number; readonly ids: number[] } | undefined;

  /** @returns whether it is the connection's first in this batch. */
  add(batch: number, packetId: number): boolean {
    if (this.#last?.batch === batch) {
      this.#last.ids.push(packetId);
      return false;
    }
    this.#last = { batch, ids: [packetId] };
    this.#segments.push(this.#last);
    return true;
  }

  get isEmpty(): boolean {
    return this.#segments.length === 0;
  }

  /** Number of publishes that await their acknowledgement. */
  get count(): number {
    return this.#segments.reduce((sum, { ids }) => sum + ids.length, 0);
  }

  /** PUBACK frames for everything up to a settled batch, or undefined if there is nothing. */
  takeSettled(settledBatch: number): Buffer | undefined {
    let segments = 0;
    let count = 0;
    for (; segments < this.#segments.length && this.#segments[segments]!.batch <= settledBatch; segments++)
      count += this.#segments[segments]!.ids.length;
    if (count === 0) return undefined;
    const frames = Buffer.allocUnsafe(count * 4);
    let at = 0;
    for (const { ids } of this.#segments.splice(0, segments))
      for (const id of ids) {
        frames[at] = PUBACK;
        frames[at + 1] = 2;
        frames[at + 2] = id >> 8;
        frames[at + 3] = id & 0xff;
        at += 4;
      }
    if (this.#segments.length === 0) this.#last = undefined;
    return frames;
  }

  clear(): void {
    this.#segments = [];
    this.#last = undefined;
  }
}
