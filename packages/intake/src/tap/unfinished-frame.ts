import { frameLength, INCOMPLETE, MALFORMED, PUBLISH } from './frame.js';
import { FramePieces } from './frame-pieces.js';

export interface InboundLimits {
  /** Bytes of a frame; a longer one is refused. */
  readonly frameBytesMax: number;
  /** Whether of a publish that is too long the beginning is looked at, and the rest dropped as it comes. */
  readonly skipTooLong?: boolean | undefined;
}

/** What is kept of a frame and not counted. */
const SHORT_BYTES = 1024;

/** What becomes of the frames. */
export interface FrameReceiver {
  /**
   * Takes the frame [start, end), or says that it must pass. Of a publish that is too long it gets the
   * beginning.
   */
  takes(bytes: Buffer, start: number, end: number): boolean;
  /**
   * Hands on bytes that were not taken, in the order in which they came.
   * @param areOurs they are good until the call returns only.
   */
  pass(bytes: Buffer, start: number, end: number, areOurs: boolean): void;
  /**
   * Counts the bytes that are kept of a frame which is not whole, here or by whom it passes to. @returns whether there is
   * room for so many.
   */
  keeps(bytes: number): boolean;
  /** Nothing more can be read from this stream. */
  refuse(what: string, kind: RefusalKind): void;
}

/** Why nothing more can be read: in MQTT 5 the client is told. */
export type RefusalKind = 'malformed' | 'protocol' | 'too_large' | 'no_room';

/**
 * What a piece of a stream leaves unfinished of a frame. Between two pieces it is
 *
 *     a publish, kept until it is whole │ another frame, which passes as it comes
 *                                       │ a publish that is too long, dropped as it comes
 *
 * A whole frame within a piece is handed on where it stands; only what a piece leaves unfinished is copied.
 */
export class UnfinishedFrame {
  /** A frame of which only a part has come, and how long it will be; 0 while its header is incomplete. */
  #partial: FramePieces | undefined;
  #partialLength = 0;
  /** Bytes still to come of a frame that passes. */
  #passing = 0;
  /** Bytes still to come of a frame that is dropped. */
  #dropping = 0;
  #refused = false;
  /** Whether what is kept was counted. */
  #isCounted = false;

  constructor(
    readonly limits: InboundLimits,
    readonly receiver: FrameReceiver,
  ) {}

  /** Whether a frame that passes has not come whole: nothing may be put in now. */
  get isWithinPassing(): boolean {
    return this.#passing > 0;
  }

  /** Whether the next piece begins with another frame. */
  get isDone(): boolean {
    return this.#partial === undefined && this.#passing === 0 && this.#dropping === 0 && !this.#refused;
  }

  /** Begins with a frame that a piece leaves unfinished, or that cannot be taken. */
  begin(chunk: Buffer, at: number): void {
    const length = frameLength(chunk, at, chunk.length);
    const isPublish = chunk[at]! >> 4 === PUBLISH;
    if (this.#isRefused(length, isPublish)) return;
    if (length === INCOMPLETE || isPublish) this.#startPartial(chunk, at, length);
    else if (this.#keeps(length)) {
      this.#passing = at + length - chunk.length;
      this.#pass(chunk, at, chunk.length);
    }
  }

  /** Goes on with the next piece. @returns where the next frame starts. */
  goOn(chunk: Buffer): number {
    if (this.#refused) return chunk.length;
    if (this.#partial !== undefined) return this.#completePartial(this.#partial, chunk);
    const passed = Math.min(this.#passing, chunk.length);
    this.#passing -= passed;
    if (passed > 0 && this.#passing === 0) this.#keeps(0);
    this.#pass(chunk, 0, passed);
    const dropped = Math.min(this.#dropping, chunk.length);
    this.#dropping -= dropped;
    return passed + dropped;
  }

  /** Nothing more comes. */
  end(): void {
    this.#partial?.clear();
    this.#partial = undefined;
  }

  /** Keeps the first bytes of a frame. Room for the rest is made as it comes, not as it is claimed. */
  #startPartial(chunk: Buffer, at: number, length: number): void {
    const end = Math.min(chunk.length, at + this.limits.frameBytesMax);
    this.#partial = new FramePieces();
    this.#partialLength = length === INCOMPLETE ? 0 : length;
    if (!this.#keep(this.#partial, chunk, at, end)) return;
    if (end < chunk.length) this.#dropTooLong(this.#partial, chunk, end);
  }

  /** Adds to the kept frame what belongs to it. Returns where the next one starts. */
  #completePartial(partial: FramePieces, chunk: Buffer): number {
    let at = 0;
    while (this.#partialLength === 0 && at < chunk.length) {
      if (!this.#keep(partial, chunk, at, at + 1)) return chunk.length;
      at += 1;
      const { beginning } = partial;
      const length = frameLength(beginning, 0, beginning.length);
      if (length === INCOMPLETE) continue;
      if (this.#isRefused(length, beginning[0]! >> 4 === PUBLISH)) return chunk.length;
      this.#partialLength = length;
    }
    if (this.#partialLength === 0) return at;
    // Of a publish that is too long, as much as can hold its topic and packet id.
    const wanted = Math.min(this.#partialLength, this.limits.frameBytesMax);
    const end = at + Math.min(wanted - partial.length, chunk.length - at);
    if (!this.#keep(partial, chunk, at, end)) return chunk.length;
    if (partial.length < wanted) return end;
    if (this.#partialLength > wanted) return this.#dropTooLong(partial, chunk, end);
    this.#partial = undefined;
    this.#keeps(0);
    const frame = partial.join();
    if (!this.receiver.takes(frame, 0, frame.length)) this.receiver.pass(frame, 0, frame.length, true);
    partial.clear();
    return end;
  }

  /**
   * Hands on the kept beginning of a publish that is too long, which its receiver takes, to reject it; if it
   * does not, the publish is refused. Returns where the next frame starts, if it does in this piece.
   */
  #dropTooLong(partial: FramePieces, chunk: Buffer, at: number): number {
    const left = this.#partialLength - partial.length;
    this.#partial = undefined;
    this.#keeps(0);
    const beginning = partial.join();
    const isTaken = this.receiver.takes(beginning, 0, beginning.length);
    partial.clear();
    if (!isTaken) {
      this.#refuse(`a publish of ${this.#partialLength} bytes`, 'too_large');
      return chunk.length;
    }
    const dropped = Math.min(left, chunk.length - at);
    this.#dropping = left - dropped;
    return at + dropped;
  }

  /** @returns false if there is no room; then the stream is refused. */
  #keep(partial: FramePieces, chunk: Buffer, start: number, end: number): boolean {
    if (!this.#keeps(partial.memoryWith(end - start))) return false;
    partial.add(chunk, start, end);
    return true;
  }

  /** @returns false if there is no room; then the stream is refused. */
  #keeps(bytes: number): boolean {
    // Most frames that are cut by the end of a piece are short.
    if (bytes <= SHORT_BYTES && !this.#isCounted) return true;
    this.#isCounted = bytes > 0;
    if (this.receiver.keeps(bytes)) return true;
    this.#refuse('a frame that is unfinished, for which there is no room', 'no_room');
    return false;
  }

  #pass(bytes: Buffer, start: number, end: number): void {
    if (start < end) this.receiver.pass(bytes, start, end, false);
  }

  /** Refuses what is no length, or one beyond the limit. */
  #isRefused(length: number, isPublish: boolean): boolean {
    const { frameBytesMax, skipTooLong } = this.limits;
    if (length === MALFORMED) this.#refuse('a frame whose length has more than four bytes', 'malformed');
    else if (length > frameBytesMax && !(isPublish && skipTooLong))
      this.#refuse(`a frame of ${length} bytes`, 'too_large');
    return this.#refused;
  }

  #refuse(what: string, kind: RefusalKind): void {
    this.#refused = true;
    this.end();
    this.receiver.refuse(what, kind);
  }
}
