import { CONNECT, FramePieces, frameLength, INCOMPLETE, MALFORMED } from '@humtemp/intake';

/**
 * What has come so far of a connection's first frame: not all, all of it and what stands behind, which is good until the call
 * returns, or something else.
 */
export type FirstFrameState =
  | undefined
  | { readonly frame: Buffer; readonly rest: Buffer }
  | { readonly refusal: string };

const HTTP_METHODS = [
  'GET ',
  'HEAD ',
  'POST ',
  'PUT ',
  'DELETE ',
  'OPTIONS ',
  'PATCH ',
  'CONNECT ',
  'TRACE ',
];
const TLS_HANDSHAKE = 0x16;

/**
 * The first frame that a broker receives, kept until it is whole: a CONNECT [MQTT-3.1.0-1] of a bounded length. Anything
 * else is refused at its first byte, and one that is too long as soon as it says so. Room is made as bytes come.
 */
export class FirstFrame {
  readonly #pieces = new FramePieces();

  constructor(readonly bytesMax: number) {}

  /** Bytes of memory that it keeps. */
  get keptBytes(): number {
    return this.#pieces.length === 0 ? 0 : this.#pieces.memoryWith(0);
  }

  /** Takes the next piece. Not to be called again once the frame is whole or refused. */
  take(chunk: Buffer): FirstFrameState {
    const pieces = this.#pieces;
    if (pieces.length === 0 && chunk[0] !== CONNECT << 4) return { refusal: notConnect(chunk) };
    const isFirst = pieces.length === 0;
    if (!isFirst) pieces.add(chunk, 0, chunk.length);
    const beginning = isFirst ? chunk : pieces.beginning;
    const length = frameLength(beginning, 0, beginning.length);
    if (length === MALFORMED) return { refusal: 'a CONNECT whose length has more than four bytes' };
    if (length > this.bytesMax)
      return { refusal: `a CONNECT of ${length} bytes, more than ${this.bytesMax}` };
    if (length !== INCOMPLETE && length <= (isFirst ? chunk.length : pieces.length)) {
      const bytes = isFirst ? chunk : pieces.join();
      return { frame: bytes.subarray(0, length), rest: bytes.subarray(length) };
    }
    if (isFirst) pieces.add(chunk, 0, chunk.length);
    return undefined;
  }

  /** Gives back what it keeps, once the frame has been used, or nothing more comes. */
  end(): void {
    this.#pieces.clear();
  }
}

/** What somebody seems to speak who does not begin with CONNECT. */
function notConnect(bytes: Buffer): string {
  const text = bytes.toString('latin1', 0, 8);
  if (bytes[0] === TLS_HANDSHAKE) return 'TLS, where plain MQTT was expected';
  if (HTTP_METHODS.some((method) => method.startsWith(text) || text.startsWith(method)))
    return 'HTTP, where MQTT was expected';
  return `no CONNECT, but the byte 0x${bytes[0]!.toString(16).padStart(2, '0')}, at the beginning`;
}
