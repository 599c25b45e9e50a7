import { createServer, type Socket } from 'node:net';
import { type Batch, type BucketStore, emptyCommitResult } from '@humtemp/bucket-core';
import { Intake, LabsSource, PublishTap, SourceTable, TopicFilters } from '@humtemp/intake';
import { listenAndSay } from '../processes/told.js';
import { GRID } from '../redis.js';

/** How much of taking publishes a floor does; each does what the one before it does. */
export type FloorStep = 'read and write' | 'walk' | 'parse' | 'decode';

const CONNACK = Buffer.from([0x20, 2, 0, 0]);
/** As many PUBACKs as one read can ask for, all of packet 1. */
const PUBACKS = Buffer.alloc(65_536, Buffer.from([0x40, 2, 0, 1]));

/** A server that accepts whoever connects, takes publishes at QoS 1 as far as a step goes, and acknowledges. Says its "port". */
export async function runFloorServer({ step }: { readonly step: FloorStep }): Promise<void> {
  const serve = step === 'decode' ? decoding() : (socket: Socket) => serveAlone(socket, step);
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    serve(socket);
  });
  await listenAndSay(server);
}

/** The loads wait for their CONNACK, so the first read is the CONNECT. */
function serveAlone(socket: Socket, step: FloorStep): void {
  const acknowledgementsOf = step === 'read and write' ? countFrames() : walkFrames(step === 'parse');
  socket.once('data', () => {
    socket.write(CONNACK);
    socket.on('data', (bytes) => {
      const acknowledgements = acknowledgementsOf(bytes);
      if (acknowledgements.length > 0) socket.write(acknowledgements);
    });
  });
}

/** Hops from frame to frame by the byte of their length, which is one for frames below 130 bytes, and looks at nothing else. */
function countFrames(): (bytes: Buffer) => Buffer {
  // Bytes of the next piece that belong to the frame at hand; -1: it begins with that frame's length.
  let ahead = 0;
  return (bytes) => {
    let at = ahead === -1 ? 1 + bytes[0]! : ahead;
    let count = ahead !== 0 && at <= bytes.length ? 1 : 0;
    while (at + 1 < bytes.length) {
      at += 2 + bytes[at + 1]!;
      if (at <= bytes.length) count += 1;
    }
    ahead = at - bytes.length;
    return PUBACKS.subarray(0, count * 4);
  };
}

/** Reads each frame's header, topic length and packet id, and answers with that packet id; reads its payload too if told so. */
function walkFrames(isParsing: boolean): (bytes: Buffer) => Buffer {
  let rest: Buffer | undefined;
  let sum = 0;
  return (piece) => {
    const bytes = rest === undefined ? piece : Buffer.concat([rest, piece]);
    const ids: number[] = [];
    let at = 0;
    for (;;) {
      const body = bodyOf(bytes, at);
      if (body === undefined) break;
      const idAt = body.start + 2 + bytes.readUInt16BE(body.start);
      ids.push(bytes.readUInt16BE(idAt));
      if (isParsing) {
        const payload = JSON.parse(bytes.toString('utf8', idAt + 2, body.end)) as { temp: number };
        sum += payload.temp;
      }
      at = body.end;
    }
    rest = at < bytes.length ? bytes.subarray(at) : undefined;
    if (Number.isNaN(sum)) throw new Error('a payload without a temperature');
    const frames = Buffer.allocUnsafe(ids.length * 4);
    ids.forEach((id, i) => {
      frames.writeUInt16BE(0x4002, i * 4);
      frames.writeUInt16BE(id, i * 4 + 2);
    });
    return frames;
  };
}

/** What stands behind the header of a whole frame [MQTT-2.2.3]; undefined if it has not come whole. */
function bodyOf(bytes: Buffer, at: number): { start: number; end: number } | undefined {
  let [length, factor] = [0, 1];
  for (let start = at + 1; start < bytes.length; ) {
    const byte = bytes[start++]!;
    length += (byte & 0x7f) * factor;
    factor *= 128;
    if (byte < 0x80) return start + length <= bytes.length ? { start, end: start + length } : undefined;
  }
  return undefined;
}

/** humtemp's own way of taking a publish, up to a store that counts: nothing merged, nothing kept, no broker behind it. */
function decoding(): (socket: Socket) => void {
  const intake = countingIntake();
  const sources = new SourceTable([new LabsSource(new TopicFilters(['labs/+/observation']))]);
  return (transport) => {
    const tap = new PublishTap(transport, {
      protocolVersion: 4,
      sources,
      intake,
      frameBytesMax: 131_072,
      takeRetained: false,
    });
    tap.on('error', () => {});
    tap.once('data', () => tap.write(CONNACK));
  };
}

/** Intake in front of a store that only counts. */
export function countingIntake(): Intake {
  return new Intake({
    store: {
      commit: async (batch: Batch) => ({ ...emptyCommitResult(), committed: batch.observations }),
    } as unknown as BucketStore,
    grid: GRID,
    limits: { payloadBytesMax: 65_536, arrayLengthMax: 1000, pendingMax: 100_000 },
  });
}
