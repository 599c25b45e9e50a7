const PUBACK = 0x40;

/**
 * Packet ids of one connection that await their acknowledgement, each with the batch that its publish went
 * into. Batches settle in order and ids are kept in the order of arrival, so PUBACKs leave in the order of
 * the publishes [MQTT-4.6.0-2]. A publish costs two numbers.
 */
export class PendingAcks {
  /** Batch and packet id by turns. */
  #pending: number[] = [];

  /** @returns whether it is the connection's first in this batch. */
  add(batch: number, packetId: number): boolean {
    const pending = this.#pending;
    const isFirst = pending.length === 0 || pending[pending.length - 2] !== batch;
    pending.push(batch, packetId);
    return isFirst;
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  /** Number of publishes that await their acknowledgement. */
  get count(): number {
    return this.#pending.length / 2;
  }

  /** PUBACK frames for everything up to a settled batch, or undefined if there is nothing. */
  takeSettled(settledBatch: number, _refusedLabs?: ReadonlySet<string>): Buffer | undefined {
    const pending = this.#pending;
    let settled = 0;
    while (settled < pending.length && pending[settled]! <= settledBatch) settled += 2;
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
