import type { TapGreeting } from '@humtemp/intake';

/** Behind the header and its length, each a byte. */
const FLAGS_OFFSET = 2;
const SESSION_PRESENT = 1;

/**
 * Sets the session-present flag [MQTT-3.2.2-2] in the CONNACK, the first frame of a broker, in whatever pieces its library
 * writes it.
 */
export class ConnackFlags implements TapGreeting {
  #passed = 0;

  /** @param hasSession asked when the flags come. */
  constructor(readonly hasSession: () => boolean) {}

  /** Whether the flags have passed. */
  get isPast(): boolean {
    return this.#passed > FLAGS_OFFSET;
  }

  /** The next piece, with the flag. */
  mend(bytes: Buffer): Buffer {
    const place = FLAGS_OFFSET - this.#passed;
    this.#passed += bytes.length;
    if (place < 0 || place >= bytes.length || !this.hasSession()) return bytes;
    const mended = Buffer.from(bytes);
    mended[place]! |= SESSION_PRESENT;
    return mended;
  }
}
