/** Headers of the packets that acknowledge a publish. */
export const PUBACK = 0x40;
export const PUBREC = 0x50;

/** What an acknowledgement of MQTT 5 can say (3.4.2.1); from 0x80 on the publish was refused. */
export const AckCode = {
  success: 0x00,
  noSubscribers: 0x10,
  notAuthorized: 0x87,
  topicInvalid: 0x90,
  packetIdNotFound: 0x92,
  quotaExceeded: 0x97,
  payloadInvalid: 0x99,
} as const;

const REASON_STRING = 0x1f;
const TEXT_BYTES_MAX = 255;

/**
 * A PUBACK, PUBREC, PUBREL or PUBCOMP of MQTT 5 (3.4 to 3.7).
 * @param header its type and flags. @param text a Reason String.
 * @param bytesMax a longer frame goes without its text [MQTT-3.4.2-2].
 */
export function ackFrame(
  header: number,
  packetId: number,
  code: number,
  text: string | undefined,
  bytesMax: number,
): Buffer {
  const ids = [packetId >> 8, packetId & 0xff];
  if (text !== undefined) {
    const bytes = Buffer.from(text).subarray(0, TEXT_BYTES_MAX - 9);
    const properties = 3 + bytes.length;
    const propertiesLength = properties < 0x80 ? [properties] : [(properties & 0x7f) | 0x80, properties >> 7];
    const length = 3 + propertiesLength.length + properties;
    const lengthBytes = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
    const head = [header, ...lengthBytes, ...ids, code, ...propertiesLength, REASON_STRING, 0, bytes.length];
    if (head.length + bytes.length <= bytesMax) return Buffer.concat([Buffer.from(head), bytes]);
  }
  return code === 0 ? Buffer.from([header, 2, ...ids]) : Buffer.from([header, 3, ...ids, code]);
}
