import { connect as connectTcp } from 'node:net';
import { type Batch, type BucketStore, emptyCommitResult } from '@humtemp/bucket-core';
import {
  Intake,
  LabsSource,
  type PublishSource,
  PublishTap,
  SourceTable,
  TopicFilters,
} from '@humtemp/intake';
import { readSources } from '@humtemp/sources';
import { readPresets } from '@humtemp/sources/presets';
import { connect, MqttClient } from 'mqtt';
import { say } from '../processes/told.js';
import { GRID, openRedisStore } from '../redis.js';
import { consumeInThirtyLines } from '../worker-behind/thirty-lines.js';
import { consumeZigbeeInThirtyLines } from './thirty-lines-mapped.js';

const FILTER = 'labs/+/observation';
const ZIGBEE_FILTER = 'zigbee2mqtt/#';

/** The ways to consume a stream of publishes that are compared; each in a process of its own, until its peer hangs up. */
export const CONSUMERS = {
  /** The message event with JSON.parse, an acknowledgement for each message: what anybody would write. */
  'mqtt.js message event': (port: number) => consumeMessageEvents(port, FILTER),
  '30 lines, Redis': async (port: number, redisUrl: string) =>
    consumeInLines(await consumeInThirtyLines(`mqtt://127.0.0.1:${port}`, redisUrl)),
  /** The tap with everything but the store. */
  'tap, a store that counts': (port: number) => consumeThroughTap(port, countingStore(), [ownSource()]),
  'tap, Redis': (port: number, redisUrl: string) => consumeIntoRedis(port, redisUrl, [ownSource()]),
  'zigbee2mqtt: mqtt.js message event': (port: number) => consumeMessageEvents(port, ZIGBEE_FILTER),
  'zigbee2mqtt: 30 lines, Redis': async (port: number, redisUrl: string) =>
    consumeInLines(await consumeZigbeeInThirtyLines(`mqtt://127.0.0.1:${port}`, redisUrl)),
  'zigbee2mqtt: tap, a store that counts': (port: number) =>
    consumeThroughTap(port, countingStore(), [ownSource(), ...presets('zigbee2mqtt')]),
  'zigbee2mqtt: tap, Redis': (port: number, redisUrl: string) =>
    consumeIntoRedis(port, redisUrl, [ownSource(), ...presets('zigbee2mqtt')]),
} as const;

export type ConsumerName = keyof typeof CONSUMERS;

/** The process of a consumer: says "cpu-us" once its peer has hung up. */
export async function runConsumer(args: {
  name: ConsumerName;
  port: number;
  redisUrl: string;
}): Promise<void> {
  const before = process.cpuUsage();
  await CONSUMERS[args.name](args.port, args.redisUrl);
  const { user, system } = process.cpuUsage(before);
  say('cpu-us', user + system);
}

function ownSource(): LabsSource {
  return new LabsSource(new TopicFilters([FILTER]));
}

function presets(name: string): readonly PublishSource[] {
  return readSources(`sources: { ${name}: { preset: ${name} } }`, 'bench', { presets: readPresets() });
}

function countingStore(): BucketStore {
  return {
    commit: async (batch: Batch) => ({ ...emptyCommitResult(), committed: batch.observations }),
  } as unknown as BucketStore;
}

async function consumeMessageEvents(port: number, filter: string): Promise<void> {
  const client = connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
  let sum = 0;
  client.on('error', () => {});
  client.on('message', (_topic, payload) => {
    const { temp, temperature } = JSON.parse(payload.toString()) as Record<string, number>;
    sum += (temp ?? temperature)!;
  });
  await untilClosed(client, [filter]);
  if (Number.isNaN(sum)) throw new Error('a payload without a temperature');
}

async function consumeInLines({ client, flush }: Awaited<ReturnType<typeof consumeInThirtyLines>>) {
  client.on('error', () => {});
  await new Promise<void>((resolve) => client.once('close', () => resolve()));
  client.end(true);
  await flush();
}

async function consumeIntoRedis(port: number, redisUrl: string, sources: readonly PublishSource[]) {
  const store = await openRedisStore(redisUrl, '');
  await consumeThroughTap(port, store, sources);
  await store.close();
}

async function consumeThroughTap(port: number, store: BucketStore, from: readonly PublishSource[]) {
  const intake = new Intake({
    store,
    grid: GRID,
    limits: { payloadBytesMax: 65_536, arrayLengthMax: 1000, pendingMax: 100_000 },
  });
  const sources = new SourceTable(from);
  const client = new MqttClient(
    () =>
      new PublishTap(connectTcp({ port, host: '127.0.0.1', noDelay: true }), {
        protocolVersion: 4,
        sources,
        intake,
        frameBytesMax: 131_072,
        takeRetained: true,
      }),
    { clientId: 'bench', protocolId: 'MQTT', protocolVersion: 4, clean: true, reconnectPeriod: 0 },
  );
  client.on('error', () => {});
  await untilClosed(client, sources.filters);
  const { received, committed } = intake.ledger.counters();
  if (committed !== received || committed === 0)
    throw new Error(`${committed} of ${received} publishes counted`);
}

/** Subscribes, and takes what comes until the other side hangs up. */
async function untilClosed(client: MqttClient, filters: readonly string[]): Promise<void> {
  client.on('connect', () => void client.subscribe([...filters], { qos: 1 }));
  await new Promise<void>((resolve) => client.once('close', () => resolve()));
}
