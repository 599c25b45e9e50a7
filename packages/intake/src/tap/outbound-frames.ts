import { frameLength, HEADER_BYTES_MAX, INCOMPLETE, MALFORMED } from './frame.js';

/**
 * Follows a stream of frames in whatever pieces it comes, to know when it stands between two frames: only
 * there may another frame be put in.
 */
export class OutboundFrames {
  /** The header so far, of a frame whose length is not known yet. */
  readonly #header = new Uint8Array(HEADER_BYTES_MAX);
  #headerBytes = 0;
  /** Bytes of the current frame still to come. */
  #left = 0;

  get isBetweenFrames(): boolean {
    return this.#left === 0 && this.#headerBytes === 0;
  }

  /**
   * Takes the next piece.
   * @returns the type and flags byte of the last frame that started in it, or undefined.
   */
  take(bytes: Uint8Array): number | undefined {
    let started: number | undefined;
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const step = Math.min(this.#left, bytes.length - at);
        this.#left -= step;
        at += step;
        continue;
      }
      this.#header[this.#headerBytes++] = bytes[at++]!;
      const length = frameLength(this.#header, 0, this.#headerBytes);
      if (length === INCOMPLETE) continue;
      // The endpoint is ours: it does not write what is no frame.
      if (length === MALFORMED) throw new Error('the MQTT endpoint wrote a malformed frame');
      started = this.#header[0];
      this.#left = length - this.#headerBytes;
      this.#headerBytes = 0;
    }
    return started;
  }
}
