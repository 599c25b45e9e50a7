import { frameLength, INCOMPLETE, MALFORMED } from '@humtemp/intake';

const NOTHING = Buffer.alloc(0);

/** Cuts a stream of MQTT into its packets, in whatever pieces it is written. */
export class WholePackets {
  /** The beginning of a packet that has not come whole. */
  #rest: Buffer = NOTHING;

  /** Takes the next piece. @returns the packets that are whole with it. */
  take(pieces: readonly Buffer[]): Buffer[] {
    const bytes = Buffer.concat(this.#rest.length === 0 ? pieces : [this.#rest, ...pieces]);
    const packets: Buffer[] = [];
    let at = 0;
    while (at < bytes.length) {
      const length = frameLength(bytes, at, bytes.length);
      if (length === MALFORMED) throw new Error('what was written is no MQTT');
      if (length === INCOMPLETE || at + length > bytes.length) break;
      packets.push(bytes.subarray(at, at + length));
      at += length;
    }
    this.#rest = at === bytes.length ? NOTHING : bytes.subarray(at);
    return packets;
  }
}
