import { BytesReader } from '../client/bytes-reader.js';
import { PacketError } from '../client/packet-error.js';
import { ReasonCode } from './reason-code.js';

const CONNECT = 1;
const ACKNOWLEDGEMENTS = { puback: 4, pubrec: 5, pubrel: 6, pubcomp: 7 } as const;
const SUBSCRIBE = 8;
const UNSUBSCRIBE = 10;
const PINGREQ = 12;
const DISCONNECT = 14;
const USER_PROPERTY = 0x26;

/** The flags of each packet that a client may send (2.1.3), but for PUBLISH. */
const FLAGS: Readonly<Record<number, number>> = {
  [CONNECT]: 0,
  [ACKNOWLEDGEMENTS.puback]: 0,
  [ACKNOWLEDGEMENTS.pubrec]: 0,
  [ACKNOWLEDGEMENTS.pubrel]: 2,
  [ACKNOWLEDGEMENTS.pubcomp]: 0,
  [SUBSCRIBE]: 2,
  [UNSUBSCRIBE]: 2,
  [PINGREQ]: 0,
  [DISCONNECT]: 0,
};

type Read = (reader: BytesReader) => unknown;

const text: Read = (reader) => reader.text();
const uint16: Read = (reader) => reader.uint16();
const uint32: Read = (reader) => reader.uint32();
const yesOrNo: Read = (reader) => reader.byte() <= 1 || broken('a property that is neither 0 nor 1');
const userProperty: Read = (reader) => [reader.text(), reader.text()];

/** Properties by their identifiers (2.2.2.2), in the packets of a client that may have them. */
const OF_CONNECT = new Map<number, Read>([
  [0x11, uint32], // session expiry
  [0x15, text], // authentication method
  [0x16, (reader) => reader.binary()],
  [0x17, yesOrNo], // request problem information
  [0x19, yesOrNo], // request response information
  [0x21, uint16], // receive maximum
  [0x22, uint16], // topic alias maximum
  [USER_PROPERTY, userProperty],
  [0x27, uint32], // maximum packet size
]);
const OF_ACKNOWLEDGEMENTS = new Map<number, Read>([
  [0x1f, text], // reason
  [USER_PROPERTY, userProperty],
]);
const OF_SUBSCRIBE = new Map<number, Read>([
  [0x0b, (reader) => reader.varint() > 0 || broken('a subscription identifier of 0')],
  [USER_PROPERTY, userProperty],
]);
const OF_UNSUBSCRIBE = new Map<number, Read>([[USER_PROPERTY, userProperty]]);
const OF_DISCONNECT = new Map<number, Read>([
  [0x11, uint32],
  [0x1f, text],
  [USER_PROPERTY, userProperty],
]);

/** Of acknowledgements (3.4.2.1, 3.6.2.1), and of a client's DISCONNECT (3.14.2.1). */
const ACK_CODES = new Set([0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);
const RELEASE_CODES = new Set([0x00, 0x92]);
const DISCONNECT_CODES = new Set([
  ...[0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99],
]);

/**
 * Holds a whole packet of a client that is no PUBLISH against the rules: what mqtt-packet reads is not always one, and what
 * comes twice becomes an array there. A packet that no client may send is left to whoever knows what may come.
 * @throws PacketError
 */
export function checkPacket(frame: Buffer): void {
  const type = frame[0]! >> 4;
  const flags = FLAGS[type];
  if (flags === undefined) return;
  if ((frame[0]! & 0x0f) !== flags) malformed('flags that the packet does not have [MQTT-2.1.3-1]');
  const reader = new BytesReader(frame, 1);
  reader.varint();
  if (type === CONNECT) checkConnect(reader);
  else if (type === SUBSCRIBE) checkSubscribe(reader);
  else if (type === UNSUBSCRIBE) checkUnsubscribe(reader);
  else if (type === DISCONNECT) checkReason(reader, DISCONNECT_CODES, OF_DISCONNECT);
  else if (type !== PINGREQ) {
    const isRelease = type === ACKNOWLEDGEMENTS.pubrel || type === ACKNOWLEDGEMENTS.pubcomp;
    readPacketId(reader);
    checkReason(reader, isRelease ? RELEASE_CODES : ACK_CODES, OF_ACKNOWLEDGEMENTS);
  }
  if (!reader.isAtEnd) malformed('a packet that is longer than what it says');
}

/** Of a will only what stands around its properties, which are read by themselves. */
function checkConnect(reader: BytesReader): void {
  reader.text();
  reader.byte();
  const flags = reader.byte();
  const willQos = (flags >> 3) & 3;
  const hasWill = (flags & 4) !== 0;
  // [MQTT-3.1.2-3, 3.1.2-11 to 3.1.2-13]
  if ((flags & 1) !== 0 || willQos === 3 || (!hasWill && (flags & 0x38) !== 0))
    malformed('flags that a CONNECT does not have');
  reader.uint16();
  checkProperties(reader, OF_CONNECT);
  reader.text();
  if (hasWill) {
    reader.skip(reader.varint());
    reader.text();
    reader.binary();
  }
  if ((flags & 0x80) !== 0) reader.text();
  if ((flags & 0x40) !== 0) reader.binary();
}

function checkSubscribe(reader: BytesReader): void {
  readPacketId(reader);
  checkProperties(reader, OF_SUBSCRIBE);
  // [MQTT-3.8.3-2]
  if (reader.isAtEnd) broken('a SUBSCRIBE to nothing');
  while (!reader.isAtEnd) {
    if (reader.text() === '') malformed('an empty filter [MQTT-4.7.3-1]');
    const options = reader.byte();
    if ((options & 0xc0) !== 0) malformed('options that a subscription does not have [MQTT-3.8.3-5]');
    if ((options & 3) === 3 || (options & 0x30) === 0x30) broken('a QoS or a retain handling of 3');
  }
}

function checkUnsubscribe(reader: BytesReader): void {
  readPacketId(reader);
  checkProperties(reader, OF_UNSUBSCRIBE);
  // [MQTT-3.10.3-2]
  if (reader.isAtEnd) broken('an UNSUBSCRIBE of nothing');
  while (!reader.isAtEnd) if (reader.text() === '') malformed('an empty filter [MQTT-4.7.3-1]');
}

/** A reason and properties, either of which may be absent. */
function checkReason(reader: BytesReader, codes: ReadonlySet<number>, of: ReadonlyMap<number, Read>): void {
  if (!reader.isAtEnd && !codes.has(reader.byte())) broken('a reason code that the packet does not have');
  if (!reader.isAtEnd) checkProperties(reader, of);
}

function checkProperties(reader: BytesReader, of: ReadonlyMap<number, Read>): void {
  const length = reader.varint();
  const end = reader.at + length;
  const seen = new Set<number>();
  while (reader.at < end) {
    const id = reader.byte();
    const read = of.get(id);
    if (read === undefined) malformed(`the property 0x${id.toString(16)}, which the packet does not have`);
    if (seen.has(id) && id !== USER_PROPERTY) broken(`the property 0x${id.toString(16)} twice`);
    seen.add(id);
    read(reader);
  }
  if (reader.at !== end) malformed('properties that are longer than they say');
}

/** [MQTT-2.2.1-3] */
function readPacketId(reader: BytesReader): void {
  if (reader.uint16() === 0) broken('packet id 0');
}

function malformed(what: string): never {
  throw new PacketError(ReasonCode.malformed, what);
}

function broken(what: string): never {
  throw new PacketError(ReasonCode.protocolError, what);
}
