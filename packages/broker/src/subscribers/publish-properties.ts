import { varintBytes, writeVarint } from './varint.js';

/** Properties of a publish of MQTT 5 that concern its subscribers (3.3.2.3). */
export interface PublishProperties {
  /** Those that go on as they came, in their order [MQTT-3.3.2-17, 3.3.2-18]. Bytes of their own. */
  readonly passed: Buffer;
  /** When nobody is to get it any more, by `performance.now()`; Infinity: never. */
  readonly expiresAtMs: number;
}

const MESSAGE_EXPIRY_INTERVAL = 0x02;
const SUBSCRIPTION_IDENTIFIER = 0x0b;
const NONE = Buffer.from([0]);

/** The properties of a delivery, with their length. @param identifiers of the subscriptions that it is for. */
export function writeProperties(
  properties: PublishProperties | undefined,
  identifiers: readonly number[] | undefined,
): Buffer {
  if (properties === undefined && identifiers === undefined) return NONE;
  const { passed, expiresAtMs } = properties ?? { passed: undefined, expiresAtMs: Number.POSITIVE_INFINITY };
  const expires = expiresAtMs !== Number.POSITIVE_INFINITY;
  let length = (passed?.length ?? 0) + (expires ? 5 : 0);
  for (const identifier of identifiers ?? []) length += 1 + varintBytes(identifier);
  const bytes = Buffer.allocUnsafe(varintBytes(length) + length);
  let at = writeVarint(length, bytes, 0);
  if (expires) {
    bytes[at++] = MESSAGE_EXPIRY_INTERVAL;
    // What is left of it [MQTT-3.3.2-6].
    at = bytes.writeUInt32BE(Math.max(0, Math.ceil((expiresAtMs - performance.now()) / 1000)), at);
  }
  for (const identifier of identifiers ?? []) {
    bytes[at++] = SUBSCRIPTION_IDENTIFIER;
    at = writeVarint(identifier, bytes, at);
  }
  passed?.copy(bytes, at);
  return bytes;
}
