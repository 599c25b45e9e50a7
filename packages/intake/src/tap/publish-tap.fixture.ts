import assert from 'node:assert/strict';
import { Duplex } from 'node:stream';
import { bucketGrid } from '@humtemp/bucket-core';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { CountingStore } from '../counting/counting-store.fixture.js';
import { Intake } from '../counting/intake.js';
import { LabsSource } from '../counting/labs-source.js';
import { SourceTable } from '../topics/source-table.js';
import { TopicFilters } from '../topics/topic-filters.js';
import { PublishTap } from './publish-tap.js';
import type { PublishTapOptions } from './publish-tap-options.js';
import type { TapPolicy } from './tap-policy.js';
import { StreamTransport, type TapTransport } from './tap-transport.js';

export const FRAME_BYTES_MAX = 1000;

/** A transport in memory: what the tap writes to it is kept, what the other side sends is fed. */
export class MemoryTransport extends Duplex {
  written = Buffer.alloc(0);

  feed(bytes: Uint8Array): void {
    this.push(bytes);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.written = Buffer.concat([this.written, chunk]);
    callback();
  }
}

export function openTap(
  {
    policy,
    transportOf = (memory) => StreamTransport.of(memory),
    ...options
  }: Partial<PublishTapOptions> & {
    readonly policy?: TapPolicy;
    readonly transportOf?: ((memory: Duplex) => TapTransport) | undefined;
  } = {},
  pendingMax = 100_000,
) {
  const store = new CountingStore();
  const intake = new Intake({
    store: store.asStore,
    grid: bucketGrid(0, { durationS: 86_400, retention: 2 }, []),
    limits: { payloadBytesMax: 500, arrayLengthMax: 10, pendingMax },
  });
  const transport = new MemoryTransport();
  const tapOptions: PublishTapOptions = {
    protocolVersion: 4,
    sources: new SourceTable([new LabsSource(new TopicFilters(['labs/+/observation']))]),
    intake,
    frameBytesMax: FRAME_BYTES_MAX,
    takeRetained: true,
    ...options,
  };
  const tap = new PublishTap(transportOf(transport), tapOptions, policy);
  let passed = Buffer.alloc(0);
  tap.on('data', (chunk: Buffer) => {
    passed = Buffer.concat([passed, chunk]);
  });
  const errors: string[] = [];
  tap.on('error', (error) => errors.push(error.message));
  return { store, intake, transport, tap, errors, passed: () => passed };
}

export const frame = (packet: Packet, protocolVersion: 4 | 5 = 4) =>
  mqttPacket.generate(packet, { protocolVersion });

export function publish(
  topic: string,
  payload: string | Buffer,
  qos: 0 | 1 | 2 = 1,
  messageId = 1,
  more = {},
): Packet {
  const id = qos === 0 ? {} : { messageId };
  return { cmd: 'publish', topic, payload, qos, dup: false, retain: false, ...id, ...more };
}

export const observation = (messageId: number, lab = 'lab', qos: 0 | 1 = 1) =>
  publish(`labs/${lab}/observation`, JSON.stringify({ temp: (messageId % 100) / 10 }), qos, messageId);

/** Packet ids of a run of PUBACKs, and nothing else. */
export function ackedIds(bytes: Buffer): number[] {
  const ids: number[] = [];
  for (let i = 0; i < bytes.length; i += 4) {
    assert.deepEqual([bytes[i], bytes[i + 1]], [0x40, 2]);
    ids.push(bytes.readUInt16BE(i + 2));
  }
  return ids;
}

export const turns = async (count = 5) => {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
};
