/** As much as a transport reads at once: then the memory goes from connection to connection. */
const ROOM_BYTES = 65_536;
/** Rooms that are kept for the next ones: 8 MiB. */
const FREE_MAX = 128;
const free: Buffer[] = [];

/** Bytes that were read and wait for their turn, in memory that is used again: see `FramePieces` for why. */
export class UnreadBytes {
  #room: Buffer;
  #from = 0;
  #to = 0;

  constructor(bytes: Buffer) {
    this.#room = roomFor(bytes.length);
    this.add(bytes);
  }

  get length(): number {
    return this.#to - this.#from;
  }

  /** Bytes of memory that it takes. */
  get memory(): number {
    return this.#room.length;
  }

  /** Good until the next call of anything else. */
  get bytes(): Buffer {
    return this.#room.subarray(this.#from, this.#to);
  }

  /** Puts a copy behind the others. */
  add(bytes: Buffer): void {
    if (this.#to + bytes.length > this.#room.length) {
      const before = this.#room;
      const kept = this.bytes;
      this.#room = roomFor(2 * (kept.length + bytes.length));
      kept.copy(this.#room);
      this.#to = kept.length;
      this.#from = 0;
      giveBack(before);
    }
    bytes.copy(this.#room, this.#to);
    this.#to += bytes.length;
  }

  /** The first of them are worked on. */
  drop(count: number): void {
    this.#from += count;
  }

  /** Gives back its memory. It must not be used any more. */
  end(): void {
    giveBack(this.#room);
  }
}

function roomFor(bytes: number): Buffer {
  // What a client of a few bytes leaves is not to take as much as what one leaves that sends much.
  if (bytes <= ROOM_BYTES / 16 || bytes > ROOM_BYTES) return Buffer.allocUnsafe(bytes);
  return free.pop() ?? Buffer.allocUnsafeSlow(ROOM_BYTES);
}

function giveBack(room: Buffer): void {
  if (room.length === ROOM_BYTES && free.length < FREE_MAX) free.push(room);
}
