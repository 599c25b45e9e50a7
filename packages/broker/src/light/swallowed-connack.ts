import type { TapGreeting } from '@humtemp/intake';

const CONNACK_BYTES = 4;

/** Keeps back the CONNACK that the MQTT library writes for a client that has had one. */
export class SwallowedConnack implements TapGreeting {
  #left = CONNACK_BYTES;

  get isPast(): boolean {
    return this.#left === 0;
  }

  mend(bytes: Buffer): Buffer {
    const swallowed = Math.min(this.#left, bytes.length);
    this.#left -= swallowed;
    return bytes.subarray(swallowed);
  }
}

/** What the MQTT library is told in the place of the CONNECT of such a client. */
export const SAID_AGAIN = Buffer.from('\u0010\u000d\0\u0004MQTT\u0004\u0002\0\0\0\u0001-', 'latin1');
