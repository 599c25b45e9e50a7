import { HEADER_BYTES_MAX } from './frame.js';

/**
 * Follows a stream of frames in whatever pieces it comes, to know when it stands between two frames: only
 * there may another frame be put in.
 */
export class OutboundFrames {
  /** Bytes of the header so far, of a frame whose length is not known yet. */
  #headerBytes = 0;
  /** Its type and flags. */
  #first = 0;
  #remaining = 0;
  #factor = 1;
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
      } else if (this.#readsHeader(bytes[at++]!)) started = this.#first;
    }
    return started;
  }

  /** @returns whether the header is complete [MQTT-2.2.3]. */
  #readsHeader(byte: number): boolean {
    this.#headerBytes += 1;
    if (this.#headerBytes === 1) {
      this.#first = byte;
      this.#remaining = 0;
      this.#factor = 1;
      return false;
    }
    this.#remaining += (byte & 0x7f) * this.#factor;
    this.#factor *= 128;
    if (byte >= 0x80) {
      // The endpoint is ours: it does not write what is no frame.
      if (this.#headerBytes === HEADER_BYTES_MAX)
        throw new Error('the MQTT endpoint wrote a malformed frame');
      return false;
    }
    this.#left = this.#remaining;
    this.#headerBytes = 0;
    return true;
  }
}
