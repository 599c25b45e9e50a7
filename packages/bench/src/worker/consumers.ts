import { connect as connectTcp } from 'node:net';
import { type Batch, type BucketStore, emptyCommitResult } from '@humtemp/bucket-core';
import { Intake, LabsSource, PublishTap, SourceTable, TopicFilters } from '@humtemp/intake';
import { connect, MqttClient } from 'mqtt';
import { say } from '../processes/told.js';
import { GRID, openRedisStore } from '../redis.js';
import { consumeInThirtyLines } from '../worker-behind/thirty-lines.js';

const FILTER = 'labs/+/observation';

/** The ways to consume a stream of publishes that are compared; each in a process of its own, until its peer hangs up. */
export const CONSUMERS = {
  /** The message event with JSON.parse, an acknowledgement for each message: what anybody would write. */
  'mqtt.js message event': async (port: number) => {
    const client = connect(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 });
    let sum = 0;
    client.on('error', () => {});
    client.on('message', (_topic, payload) => {
      sum += (JSON.parse(payload.toString()) as { temp: number }).temp;
    });
    await untilClosed(client);
    return { sum };
  },
  '30 lines, Redis': async (port: number, redisUrl: string) => {
    const { client, flush } = await consumeInThirtyLines(`mqtt://127.0.0.1:${port}`, redisUrl);
    client.on('error', () => {});
    await new Promise<void>((resolve) => client.once('close', () => resolve()));
    client.end(true);
    await flush();
  },
  /** The tap with everything but the store. */
  'tap, a store that counts': (port: number) =>
    consumeThroughTap(port, {
      commit: async (batch: Batch) => ({ ...emptyCommitResult(), committed: batch.observations }),
    } as unknown as BucketStore),
  'tap, Redis': async (port: number, redisUrl: string) => {
    const store = await openRedisStore(redisUrl, '');
    const result = await consumeThroughTap(port, store);
    await store.close();
    return result;
  },
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

async function consumeThroughTap(port: number, store: BucketStore) {
  const intake = new Intake({
    store,
    grid: GRID,
    limits: { payloadBytesMax: 65_536, arrayLengthMax: 1000, pendingMax: 100_000 },
  });
  const sources = new SourceTable([new LabsSource(new TopicFilters([FILTER]))]);
  const client = new MqttClient(
    () =>
      new PublishTap({
        transport: connectTcp({ port, host: '127.0.0.1', noDelay: true }),
        protocolVersion: 4,
        sources,
        intake,
        frameBytesMax: 131_072,
        takeRetained: true,
      }),
    { clientId: 'bench', protocolId: 'MQTT', protocolVersion: 4, clean: true, reconnectPeriod: 0 },
  );
  client.on('error', () => {});
  await untilClosed(client);
  return intake.ledger.counters();
}

/** Subscribes, and takes what comes until the other side hangs up. */
async function untilClosed(client: MqttClient): Promise<void> {
  client.on('connect', () => void client.subscribe(FILTER, { qos: 1 }));
  await new Promise<void>((resolve) => client.once('close', () => resolve()));
}
