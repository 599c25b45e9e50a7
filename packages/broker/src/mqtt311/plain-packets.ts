import { filterLevels } from '@humtemp/bucket-core';
import { BytesReader } from '../client/bytes-reader.js';
import { PacketError } from '../client/packet-error.js';
import { ReasonCode } from '../mqtt5/reason-code.js';
import { writeVarint } from '../subscribers/varint.js';

const SUBACK = 0x90;
const UNSUBACK = 0xb0;
/** Of a filter that is not granted [MQTT-3.9.3-2]. */
export const FAILURE = 0x80;

export interface WantedSubscription {
  readonly filter: string;
  readonly qos: 0 | 1 | 2;
}

/** Reads a SUBSCRIBE [MQTT-3.8]. @throws PacketError */
export function readSubscribe(
  frame: Buffer,
  topicLevelsMax: number,
): { readonly packetId: number; readonly subscriptions: readonly WantedSubscription[] } {
  const reader = bodyOf(frame);
  const packetId = readPacketId(reader);
  const subscriptions: WantedSubscription[] = [];
  do {
    const filter = readFilter(reader, topicLevelsMax);
    const qos = reader.byte();
    // [MQTT-3-8.3-4]
    if (qos > 2) throw new PacketError(ReasonCode.malformed, 'a subscription at QoS 3, or with other bits');
    subscriptions.push({ filter, qos: qos as 0 | 1 | 2 });
    // At least one [MQTT-3.8.3-3].
  } while (!reader.isAtEnd);
  return { packetId, subscriptions };
}

/** Reads an UNSUBSCRIBE [MQTT-3.10]. @throws PacketError */
export function readUnsubscribe(
  frame: Buffer,
  topicLevelsMax: number,
): { readonly packetId: number; readonly filters: readonly string[] } {
  const reader = bodyOf(frame);
  const packetId = readPacketId(reader);
  const filters: string[] = [];
  // At least one [MQTT-3.10.3-2].
  do filters.push(readFilter(reader, topicLevelsMax));
  while (!reader.isAtEnd);
  return { packetId, filters };
}

/** The packet id of a packet that says nothing else. @throws PacketError */
export function readAck(frame: Buffer): number {
  if (frame.length !== 4)
    throw new PacketError(ReasonCode.malformed, 'an acknowledgement that is not two bytes long');
  return readPacketId(bodyOf(frame));
}

/** @param codes the QoS that each filter is granted, or FAILURE [MQTT-3.9]. */
export function subackFrame(packetId: number, codes: readonly number[]): Buffer {
  return frameOf(SUBACK, [packetId >> 8, packetId & 0xff, ...codes]);
}

/** [MQTT-3.11] */
export function unsubackFrame(packetId: number): Buffer {
  return frameOf(UNSUBACK, [packetId >> 8, packetId & 0xff]);
}

/** [MQTT-3.2] */
export function connackFrame(returnCode: number): Buffer {
  return Buffer.from([0x20, 2, 0, returnCode]);
}

function frameOf(header: number, body: readonly number[]): Buffer {
  const frame = Buffer.allocUnsafe(5 + body.length);
  frame[0] = header;
  const start = writeVarint(body.length, frame, 1);
  frame.set(body, start);
  return frame.subarray(0, start + body.length);
}

function bodyOf(frame: Buffer): BytesReader {
  const reader = new BytesReader(frame, 1);
  reader.varint();
  return reader;
}

/** [MQTT-2.3.1-1] */
function readPacketId(reader: BytesReader): number {
  const packetId = reader.uint16();
  if (packetId === 0) throw new PacketError(ReasonCode.protocolError, 'packet id 0 [MQTT-2.3.1-1]');
  return packetId;
}

function readFilter(reader: BytesReader, topicLevelsMax: number): string {
  const filter = reader.text();
  const levels = filterLevels(filter);
  if (levels === undefined)
    throw new PacketError(
      ReasonCode.filterInvalid,
      `"${filter.slice(0, 100)}", which is no filter [MQTT-4.7.1]`,
    );
  if (levels.length > topicLevelsMax)
    throw new PacketError(ReasonCode.filterInvalid, 'a filter of too many levels');
  return filter;
}
