const PUBACK = 0x40;
const PUBACK_BYTES = 4;
/** Where PUBACKs are put for whichever connection: most are written before there are others. */
const ROOM_BYTES = 65_536;
let room = Buffer.allocUnsafeSlow(ROOM_BYTES);
/** Of whoever awaits only one. */
let single = room.subarray(0, PUBACK_BYTES);
/** Numbers that a connection has room for while nothing awaits its acknowledgement. */
const KEPT_MAX = 4096;
/**
 * Whoever has more publishes in flight uses ids twice [MQTT-2.3.1-2], and would fill the memory with what intake
 * rejects.
 */
const PACKET_IDS = 65_535;

/** Knows what is settled, by the receipts of publishes. */
export interface Settling {
  isSettled(receipt: number): boolean;
}

/**
 * Packet ids of one connection that await their acknowledgement, each with the receipt of its publish. Ids are kept in the
 * order of arrival, and none is acknowledged before those in front of it, so PUBACKs leave in the order of the publishes
 * [MQTT-4.6.0-2]. A publish costs two numbers, and the only one of a sensor stands in this object itself.
 */
export class PendingAcks {
  /** Of the first publish; no packet id is 0 [MQTT-2.3.1-1]. */
  #receipt = 0;
  #packetId = 0;
  /** Of those behind it: receipt and packet id by turns, from `#start` to `#end`. */
  #more: number[] | undefined;
  #start = 0;
  #end = 0;

  /** @returns whether the publish before it has another receipt. */
  add(receipt: number, packetId: number): boolean {
    if (this.#packetId === 0) {
      this.#receipt = receipt;
      this.#packetId = packetId;
      return true;
    }
    // The array is used again: to let one grow costs more.
    this.#more ??= [];
    const more = this.#more;
    const end = this.#end;
    const isFirst = (end === this.#start ? this.#receipt : more[end - 2]) !== receipt;
    more[end] = receipt;
    more[end + 1] = packetId;
    this.#end = end + 2;
    return isFirst;
  }

  /** When more await their acknowledgement, nothing more should be read. */
  get countMax(): number {
    return PACKET_IDS;
  }

  /** Number of publishes that await their acknowledgement. */
  get count(): number {
    return this.#packetId === 0 ? 0 : 1 + (this.#end - this.#start) / 2;
  }

  /**
   * PUBACK frames for everything in front of the first that is not settled, or undefined if there is nothing. Whoever keeps
   * them says `keep()`: they are good until the next call of whichever connection.
   */
  takeSettled(settling: Settling, _refusedLabs?: ReadonlySet<string>): Buffer | undefined {
    if (this.#packetId === 0 || !settling.isSettled(this.#receipt)) return undefined;
    const start = this.#start;
    const settled = start === this.#end ? start : this.#settledEnd(settling);
    const bytes = PUBACK_BYTES + (settled - start) * (PUBACK_BYTES / 2);
    const frames = roomFor(bytes);
    put(frames, 0, this.#packetId);
    this.#packetId = 0;
    if (this.#end > 0) {
      const more = this.#more!;
      for (let i = start + 1, at = PUBACK_BYTES; i < settled; i += 2, at += PUBACK_BYTES)
        put(frames, at, more[i]!);
      this.#leave(settled);
    }
    return frames;
  }

  /** What `takeSettled()` has given is still needed. */
  static keep(frames: Buffer): void {
    if (frames.buffer !== room.buffer) return;
    room = Buffer.allocUnsafeSlow(ROOM_BYTES);
    single = room.subarray(0, PUBACK_BYTES);
  }

  clear(): void {
    this.#packetId = 0;
    this.#more = undefined;
    this.#start = 0;
    this.#end = 0;
  }

  /** Behind the last that is settled. */
  #settledEnd(settling: Settling): number {
    const more = this.#more!;
    const end = this.#end;
    let settled = this.#start;
    // Most have the receipt of the one before.
    for (let last = this.#receipt; settled < end; settled += 2) {
      const receipt = more[settled]!;
      if (receipt === last) continue;
      if (!settling.isSettled(receipt)) break;
      last = receipt;
    }
    return settled;
  }

  /** The first of those that are left is the first of all. */
  #leave(from: number): void {
    const more = this.#more!;
    if (from < this.#end) {
      this.#receipt = more[from]!;
      this.#packetId = more[from + 1]!;
      this.#start = from + 2;
    } else this.#start = from;
    this.#makeRoom();
  }

  /** Moves what is left to the front, once that is no more than what is gone. */
  #makeRoom(): void {
    const more = this.#more!;
    const start = this.#start;
    const left = this.#end - start;
    if (left > start) return;
    if (left === 0 && this.#end > KEPT_MAX) this.#more = undefined;
    for (let i = 0; i < left; i++) more[i] = more[start + i]!;
    this.#start = 0;
    this.#end = left;
  }
}

function roomFor(bytes: number): Buffer {
  if (bytes === PUBACK_BYTES) return single;
  return bytes <= ROOM_BYTES ? room.subarray(0, bytes) : Buffer.allocUnsafe(bytes);
}

function put(frames: Buffer, at: number, packetId: number): void {
  frames[at] = PUBACK;
  frames[at + 1] = 2;
  frames[at + 2] = packetId >> 8;
  frames[at + 3] = packetId & 0xff;
}
