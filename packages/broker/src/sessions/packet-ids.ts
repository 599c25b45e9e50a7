const PACKET_ID_MAX = 65_535;

/** Packet identifiers for what is sent to one client: each one is free, and not the one before [MQTT-2.3.1-4]. */
export class PacketIds {
  #last = 0;

  /** @param isTaken whether an identifier belongs to something that is not acknowledged. Not all of them are. */
  next(isTaken: (id: number) => boolean): number {
    do this.#last = (this.#last % PACKET_ID_MAX) + 1;
    while (isTaken(this.#last));
    return this.#last;
  }
}
