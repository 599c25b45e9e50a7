import { Batch, emptyCommitResult, sensorTag } from '@humtemp/bucket-core';
import { Intake, PayloadSlice, SourceTable } from '@humtemp/intake';
import { type Publish, readSources } from '@humtemp/sources';
import { readPresets } from '@humtemp/sources/presets';
import { GRID } from '../redis.js';
import type { ZigbeePublish } from './zigbee-payloads.js';

/** Works on so many publishes, from the first on. @throws Error if not all of them count. */
export type Work = (count: number) => Promise<void> | void;

/** Bytes to text to objects, and nothing more. */
export function jsonParse(publishes: readonly ZigbeePublish[]): Work {
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++)
      sum += (JSON.parse(publishes[i % publishes.length]!.payload.toString()) as { temperature: number })
        .temperature;
    if (Number.isNaN(sum)) throw new Error('a payload without a temperature');
  };
}

/** The table of the preset, from bytes to a batch; what the topic says is known. */
export function throughSource(publishes: readonly ZigbeePublish[]): Work {
  const [source] = zigbeeSources();
  const byTopic = new Map(publishes.map(({ topic }) => [topic.toString(), source!.match(topic.toString())]));
  const matches = publishes.map(({ topic }) => byTopic.get(topic.toString()));
  const payload = new PayloadSlice();
  const publish: Publish = { topic: 'zigbee2mqtt/device', payload, isReplayed: false };
  let batch = new Batch();
  const into = {
    receivedMs: Date.now(),
    arrayLengthMax: 1000,
    observation: (lab: string, ms: number | undefined, temp: number, humidity: number, sensor: string) => {
      batch.add(lab, ms ?? into.receivedMs, sensorTag(sensor), temp, humidity);
      return true;
    },
    reject: () => {},
    rejectMetric: () => {},
    ignore: () => {},
  };
  return (count) => {
    batch = new Batch();
    into.receivedMs = Date.now();
    for (let i = 0; i < count; i++) {
      const { payload: bytes } = publishes[i % publishes.length]!;
      payload.set(bytes, 0, bytes.length);
      source!.decode(matches[i % publishes.length], publish, into);
    }
    if (batch.observations !== count) throw new Error(`${batch.observations} of ${count} counted`);
  };
}

/** Everything between the frame of a publish and a store: topic, table, checks, ledger and batch. */
export function throughIntake(publishes: readonly ZigbeePublish[]): Work {
  const sources = new SourceTable(zigbeeSources());
  const intake = new Intake({
    store: { commit: async (batch) => ({ ...emptyCommitResult(), committed: batch.observations }) },
    grid: GRID,
    limits: { payloadBytesMax: 65_536, arrayLengthMax: 1000, pendingMax: 100_000 },
  });
  const payload = new PayloadSlice();
  const publish = { topic: 'zigbee2mqtt/device', payload, isReplayed: false, receivedMs: 0 };
  return async (count) => {
    const { committed } = intake.ledger.counters();
    publish.receivedMs = Date.now();
    for (let i = 0; i < count; i++) {
      const { topic, payload: bytes } = publishes[i % publishes.length]!;
      const source = sources.findBytes(topic, 0, topic.length)!;
      payload.set(bytes, 0, bytes.length);
      intake.take(source, sources.match, publish);
    }
    await intake.whenSettled();
    const counted = intake.ledger.counters().committed - committed;
    if (counted !== count) throw new Error(`${counted} of ${count} counted`);
  };
}

function zigbeeSources() {
  return readSources('sources: { zigbee2mqtt: { preset: zigbee2mqtt } }', 'bench', {
    presets: readPresets(),
  });
}
