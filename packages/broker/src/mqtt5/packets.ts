import mqttPacket, { type IConnackPacket, type Packet, type Parser } from 'mqtt-packet';
import { PacketError } from '../client/packet-error.js';
import { varintBytes, writeVarint } from '../subscribers/varint.js';
import { checkPacket } from './packet-rules.js';
import { ReasonCode } from './reason-code.js';

// aedes and we write few numbers. It would make 65,536 buffers at the first: 7 MB, and some milliseconds in which nobody is
// served (mqtt-packet 9.0.2).
mqttPacket.writeToStream.cacheNumbers = false;

const VERSION = { protocolVersion: 5 } as const;
const REASON_TEXT_MAX = 200;
const SUBACK = 0x90;
const UNSUBACK = 0xb0;

let parser: Parser | undefined;
let parsed: Packet | undefined;
let problem: Error | undefined;

/** Reads a whole frame that is no PUBLISH: of those the order of the user properties would be lost. @throws PacketError */
export function parsePacket(frame: Buffer): Packet {
  checkPacket(frame);
  parser ??= newParser();
  parsed = problem = undefined;
  try {
    parser.parse(frame);
  } catch (error) {
    problem = error as Error;
  }
  const packet = parsed as Packet | undefined;
  if (packet !== undefined && problem === undefined) return packet;
  // It is not known where it stands.
  parser = undefined;
  throw new PacketError(
    ReasonCode.malformed,
    (problem as Error | undefined)?.message ?? 'not a whole packet',
  );
}

function newParser(): Parser {
  const made = mqttPacket.parser(VERSION);
  made.on('packet', (packet) => {
    parsed = packet;
  });
  made.on('error', (error: Error) => {
    problem = error;
  });
  return made;
}

/**
 * @param bytesMax a longer packet goes without its reason in words [MQTT-3.2.2-19].
 * @returns undefined if it is too long without, too: no packet may be sent that is longer [MQTT-3.1.2-24].
 */
export function connackFrame(
  reasonCode: number,
  sessionPresent: boolean,
  properties: NonNullable<IConnackPacket['properties']>,
  bytesMax: number,
): Buffer | undefined {
  const packet = { cmd: 'connack', reasonCode, sessionPresent } as const;
  const frame = mqttPacket.generate({ ...packet, properties: cut(properties) }, VERSION);
  if (frame.length <= bytesMax) return frame;
  const { reasonString, ...others } = properties;
  const short = mqttPacket.generate({ ...packet, properties: others }, VERSION);
  return short.length <= bytesMax ? short : undefined;
}

/** @param bytesMax a longer packet goes without its reason in words [MQTT-3.14.2-3]. */
export function disconnectFrame(reasonCode: number, reasonString: string, bytesMax: number): Buffer {
  const frame = mqttPacket.generate(
    { cmd: 'disconnect', reasonCode, properties: cut({ reasonString }) },
    VERSION,
  );
  return frame.length <= bytesMax ? frame : mqttPacket.generate({ cmd: 'disconnect', reasonCode }, VERSION);
}

export function subackFrame(packetId: number, codes: readonly number[]): Buffer {
  return codesFrame(SUBACK, packetId, codes);
}

export function unsubackFrame(packetId: number, codes: readonly number[]): Buffer {
  return codesFrame(UNSUBACK, packetId, codes);
}

/** Bytes of a SUBACK or UNSUBACK for so many filters. */
export function codesFrameBytes(count: number): number {
  return 1 + varintBytes(3 + count) + 3 + count;
}

/** Packet id, no properties, and a code for each filter (3.9, 3.11). */
function codesFrame(header: number, packetId: number, codes: readonly number[]): Buffer {
  const body = [packetId >> 8, packetId & 0xff, 0, ...codes];
  const start = 1 + varintBytes(body.length);
  const frame = Buffer.allocUnsafe(start + body.length);
  frame[0] = header;
  writeVarint(body.length, frame, 1);
  frame.set(body, start);
  return frame;
}

function cut<Properties extends { readonly reasonString?: string }>(properties: Properties): Properties {
  const { reasonString } = properties;
  if (reasonString === undefined) return properties;
  return { ...properties, reasonString: reasonString.slice(0, REASON_TEXT_MAX) };
}
