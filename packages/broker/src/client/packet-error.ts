/** A client has broken a rule: its connection ends, and this is why. */
export class PacketError extends Error {
  /** @param code what MQTT 5 says of it (2.4). */
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}
