import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { bucketGrid } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { Intake, type IntakeLimits, LabsSource, SourceTable, TopicFilters } from '@humtemp/intake';
import { HeldStore, TOPIC, temporaryFolder, UNTIMED } from '@humtemp/test-services';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { Broker, type BrokerOptions } from './broker.js';
import { type BrokerLimits, DEFAULT_LIMITS } from './limits.js';

/** Which lane the suite runs on: slow-lane.test.ts runs it a second time. */
export const FAST_LANE = process.env.HUMTEMP_TEST_FAST_LANE !== 'false';
/** Client id "x", no clean session, keep-alive 60 s [MQTT-3.1]. */
export const CONNECT_KEEPING_SESSION = Buffer.from([
  ...[0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4], // CONNECT, 13 bytes follow; "MQTT", level 4
  ...[0, 0, 60], // flags; keep-alive
  ...[0, 1, 0x78], // client id
]);
export const PINGREQ = Buffer.from([0xc0, 0]);
export const PINGRESP = Buffer.from([0xd0, 0]);
/** Of packet id 1. */
export const PUBACK_1 = Buffer.from([0x40, 2, 0, 1]);
export const PUBREC_1 = Buffer.from([0x50, 2, 0, 1]);
const grid = bucketGrid(0, { durationS: 86_400, retention: 2 }, [{ durationS: 300, retention: 288 }]);

/** A broker with a store and an intake, and the clients of a test; all closed after it, last first. */
export class Scene {
  readonly #opened: (() => unknown)[] = [];

  private constructor(
    readonly held: HeldStore<EmbeddedStore>,
    readonly intake: Intake,
    readonly broker: Broker,
    readonly log: LogLines,
  ) {}

  static async open(
    t: TestContext,
    limits: Partial<IntakeLimits & BrokerLimits> = {},
    options: Partial<BrokerOptions> = {},
  ): Promise<Scene> {
    const folder = await temporaryFolder('broker-test');
    const store = await EmbeddedStore.open({
      grid,
      deduplicationHorizonS: 172_800,
      labsMax: 1000,
      rejectionsMax: 1000,
      dataDir: folder.path,
    });
    const held = new HeldStore(store);
    const all = { payloadBytesMax: 65_536, arrayLengthMax: 100, pendingMax: 100_000, ...limits };
    const intake = new Intake({ store, grid, limits: all });
    const log = new LogLines();
    const broker = await startBroker(intake, {
      limits: { ...DEFAULT_LIMITS, ...limits },
      log: log.logger,
      ...options,
    });
    const scene = new Scene(held, intake, broker, log);
    t.after(async () => {
      held.release();
      for (const close of scene.#opened.reverse()) await close();
      await broker.close();
      await intake.stop(2000);
      await store.close();
      await folder.remove();
    });
    return scene;
  }

  get port(): number {
    return this.broker.portOf('mqtt');
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** A connected mqtt.js, speaking 3.1.1. */
  async client(options: IClientOptions = {}): Promise<MqttClient> {
    const client = await connectAsync(this.url, { protocolVersion: 4, reconnectPeriod: 0, ...options });
    this.#opened.push(() => client.endAsync(true));
    return client;
  }

  /** A connection that may say anything. */
  async socket(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    this.#opened.push(() => socket.destroy());
    return socket;
  }

  /** A connection that begins with these bytes, and all that it has received so far. */
  async exchange(bytes: Buffer): Promise<{ readonly socket: Socket; readonly answers: () => Buffer }> {
    const socket = await this.socket();
    const answers = bytesOf(socket);
    socket.write(bytes);
    return { socket, answers };
  }

  /** The ledger in short: what was committed, what was a duplicate, and how often each rejection came. */
  get counts(): { committed: number; duplicate: number; rejected: Record<string, number> } {
    const { committed, duplicate, rejected } = this.intake.ledger.counters();
    return { committed, duplicate, rejected };
  }
}

/** A broker on a free port, unless told otherwise. */
export function startBroker(intake: Intake, options: Partial<BrokerOptions> = {}): Promise<Broker> {
  return Broker.start({
    listeners: [mqttOn(0)],
    sources: new SourceTable([new LabsSource(new TopicFilters(['labs/+/observation']))]),
    intake,
    limits: DEFAULT_LIMITS,
    fastLane: FAST_LANE,
    // The listeners of TLS and WebSocket test the fast lane without them.
    handles: FAST_LANE,
    log: pino({ level: 'silent' }),
    ...options,
  });
}

export function mqttOn(port: number) {
  return { kind: 'mqtt', host: '127.0.0.1', port } as const;
}

/** A CONNECT with keep-alive 60 s [MQTT-3.1]. */
export function connectFrame(clientId: string, clean = true): Buffer {
  const id = Buffer.from(clientId);
  const body = Buffer.concat([
    Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, clean ? 2 : 0, 0, 60]),
    uint16(id.length),
    id,
  ]);
  return frame(0x10, body);
}

/** A SUBSCRIBE with packet id 1 [MQTT-3.8]. */
export function subscribeFrame(filters: readonly string[], qos: 0 | 1 | 2): Buffer {
  const parts = filters.map((filter) =>
    Buffer.concat([uint16(filter.length), Buffer.from(filter), Buffer.from([qos])]),
  );
  return frame(0x82, Buffer.concat([Buffer.from([0, 1]), ...parts]));
}

/** A frame of fewer than 2 MiB [MQTT-2.2.3]. */
export function frame(header: number, body: Buffer): Buffer {
  const length: number[] = [];
  for (let left = body.length; left > 0 || length.length === 0; left >>= 7)
    length.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
  return Buffer.concat([Buffer.from([header, ...length]), body]);
}

/** A PUBLISH [MQTT-3.3]. */
export function publishFrame(options: {
  readonly qos: 1 | 2;
  readonly id: number;
  readonly topic?: string;
  readonly payload?: string;
}): Buffer {
  const { qos, id, topic = TOPIC, payload = UNTIMED } = options;
  const body = [uint16(Buffer.byteLength(topic)), Buffer.from(topic), uint16(id), Buffer.from(payload)];
  return frame(0x30 | (qos << 1), Buffer.concat(body));
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

/** Collects the lines of a log. */
export class LogLines {
  readonly lines: {
    readonly msg: string;
    readonly reason?: string;
    readonly address?: string;
    readonly client?: string;
    readonly more?: number;
  }[] = [];
  readonly logger = pino({ base: null }, { write: (line: string) => this.lines.push(JSON.parse(line)) });

  get reasons(): string[] {
    return this.lines.flatMap(({ reason }) => reason ?? []);
  }

  get messages(): string[] {
    return this.lines.map(({ msg }) => msg);
  }
}

/** Collects what a socket receives. @returns all that has come so far. */
export function bytesOf(socket: Socket): () => Buffer {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks);
}
