import type { ConnectPacket } from 'aedes';
import { BytesReader } from '../client/bytes-reader.js';
import { PacketError } from '../client/packet-error.js';
import { type ReadProperties, readProperties } from '../client/publish-reader.js';
import { parsePacket } from './packets.js';
import { ReasonCode } from './reason-code.js';

const WILL_FLAG = 4;
const PACKET_ID_MAX = 65_535;
const NEVER_S = 0xffff_ffff;

/** What a CONNECT of MQTT 5 says (3.1). */
export interface Connect5 {
  readonly packet: ConnectPacket;
  /** Seconds that the session stays without the client; Infinity: for good. */
  readonly expiryS: number;
  /** Publishes at QoS 1 and 2 that the client takes before it has acknowledged one. */
  readonly receiveMax: number;
  readonly packetBytesMax: number;
  /** Whether acknowledgements may say why in words. */
  readonly wantsReasons: boolean;
  /** What the client's will has besides what MQTT 3.1.1 knows. */
  readonly will: ReadProperties | undefined;
}

/** @throws PacketError */
export function readConnect(frame: Buffer): Connect5 {
  const packet = parsePacket(frame);
  if (packet.cmd !== 'connect')
    throw new PacketError(ReasonCode.protocolError, 'no CONNECT at the beginning');
  const { properties = {} } = packet;
  const { sessionExpiryInterval = 0, receiveMaximum = PACKET_ID_MAX, maximumPacketSize } = properties;
  if (receiveMaximum === 0 || maximumPacketSize === 0)
    throw new PacketError(ReasonCode.protocolError, 'a receive maximum or maximum packet size of 0');
  if (properties.authenticationMethod !== undefined)
    throw new PacketError(ReasonCode.badAuthenticationMethod, 'there is no authentication but by password');
  if (properties.authenticationData !== undefined)
    throw new PacketError(ReasonCode.protocolError, 'authentication data without a method');
  return {
    packet: packet as ConnectPacket,
    expiryS: secondsOf(sessionExpiryInterval),
    receiveMax: receiveMaximum,
    packetBytesMax: maximumPacketSize ?? Number.POSITIVE_INFINITY,
    wantsReasons: properties.requestProblemInformation !== false,
    will: packet.will === undefined ? undefined : readWill(frame),
  };
}

/** A session expiry interval (3.1.2.11.2): Infinity is for good. */
export function secondsOf(sessionExpiryInterval: number): number {
  return sessionExpiryInterval === NEVER_S ? Number.POSITIVE_INFINITY : sessionExpiryInterval;
}

/** The properties of the will, as they came: a parsed packet has lost the order of those of the user [MQTT-3.1.3-10]. */
function readWill(frame: Buffer): ReadProperties | undefined {
  const reader = new BytesReader(frame, 1);
  reader.varint();
  reader.text();
  reader.byte();
  if ((reader.byte() & WILL_FLAG) === 0) return undefined;
  reader.uint16();
  const length = reader.varint();
  reader.at += length;
  reader.text();
  return readProperties(reader, 'will');
}
