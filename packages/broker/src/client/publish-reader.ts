import { ReasonCode } from '../mqtt5/reason-code.js';
import type { PublishProperties } from '../subscribers/publish-properties.js';
import { BytesReader } from './bytes-reader.js';
import { PacketError } from './packet-error.js';

/** Identifiers of properties (2.2.2.2). */
const PAYLOAD_FORMAT = 0x01;
const MESSAGE_EXPIRY = 0x02;
const CONTENT_TYPE = 0x03;
const RESPONSE_TOPIC = 0x08;
const CORRELATION_DATA = 0x09;
const WILL_DELAY = 0x18;
const TOPIC_ALIAS = 0x23;
const USER_PROPERTY = 0x26;

const MS_OF_S = 1000;

/** What the properties of a publish, or of a will, say. */
export interface ReadProperties {
  /** Undefined: none that concern subscribers. */
  readonly properties: PublishProperties | undefined;
  readonly topicAlias: number | undefined;
  /** Of a will only, in seconds. */
  readonly willDelayS: number;
}

/** A PUBLISH (3.3). */
export interface ReadPublish extends ReadProperties {
  /** Empty: the topic alias says it. */
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly isDup: boolean;
  /** 0 at QoS 0. */
  readonly packetId: number;
}

/** Of MQTT 3.1.1. */
const NO_PROPERTIES: ReadProperties = { properties: undefined, topicAlias: undefined, willDelayS: 0 };

/** Reads a whole frame. The payload is a part of it. @throws PacketError */
export function readPublish(frame: Buffer, version: 4 | 5): ReadPublish {
  const header = frame[0]!;
  const qos = (header >> 1) & 3;
  const isDup = (header & 8) !== 0;
  if (qos === 3) throw new PacketError(ReasonCode.malformed, 'a publish at QoS 3');
  if (isDup && qos === 0 && version === 5)
    throw new PacketError(ReasonCode.malformed, 'a publish at QoS 0 that is sent again');
  const reader = new BytesReader(frame, 1);
  reader.varint();
  const topic = reader.text();
  const packetId = qos === 0 ? 0 : reader.uint16();
  if (qos > 0 && packetId === 0)
    throw new PacketError(ReasonCode.protocolError, 'a publish with packet id 0');
  const properties = version === 5 ? readProperties(reader, 'publish') : NO_PROPERTIES;
  return {
    topic,
    qos: qos as 0 | 1 | 2,
    retain: (header & 1) !== 0,
    isDup,
    packetId,
    payload: frame.subarray(reader.at),
    ...properties,
  };
}

/** Reads properties with their length. @param of what has them: a will may have a delay, and a publish a topic alias. */
export function readProperties(reader: BytesReader, of: 'publish' | 'will'): ReadProperties {
  const length = reader.varint();
  const { bytes } = reader;
  const end = reader.at + length;
  const seen = new Set<number>();
  const passed: Buffer[] = [];
  let expiresAtMs = Number.POSITIVE_INFINITY;
  let topicAlias: number | undefined;
  let willDelayS = 0;
  while (reader.at < end) {
    const start = reader.at;
    const id = reader.byte();
    if (seen.has(id) && id !== USER_PROPERTY)
      throw new PacketError(ReasonCode.protocolError, `the property 0x${id.toString(16)} twice`);
    seen.add(id);
    if (id === MESSAGE_EXPIRY) expiresAtMs = performance.now() + reader.uint32() * MS_OF_S;
    else if (id === TOPIC_ALIAS && of === 'publish') topicAlias = reader.uint16();
    else if (id === WILL_DELAY && of === 'will') willDelayS = reader.uint32();
    else {
      readPassed(reader, id);
      passed.push(bytes.subarray(start, reader.at));
    }
  }
  if (reader.at !== end)
    throw new PacketError(ReasonCode.malformed, 'properties that are longer than they say');
  const isPlain = passed.length === 0 && expiresAtMs === Number.POSITIVE_INFINITY;
  return {
    properties: isPlain ? undefined : { passed: Buffer.concat(passed), expiresAtMs },
    topicAlias,
    willDelayS,
  };
}

/** Reads over a property that goes to subscribers as it came. */
function readPassed(reader: BytesReader, id: number): void {
  if (id === PAYLOAD_FORMAT) {
    if (reader.byte() > 1)
      throw new PacketError(ReasonCode.protocolError, 'a payload format that is not 0 or 1');
  } else if (id === CONTENT_TYPE) reader.text();
  else if (id === RESPONSE_TOPIC) {
    if (/[+#]/.test(reader.text()))
      throw new PacketError(ReasonCode.protocolError, 'a response topic with wildcards');
  } else if (id === CORRELATION_DATA) reader.binary();
  else if (id === USER_PROPERTY) {
    reader.text();
    reader.text();
  } else
    throw new PacketError(
      ReasonCode.protocolError,
      `the property 0x${id.toString(16)}, which is none of a client's publishes`,
    );
}
