import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { bucketGrid } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { Intake, type IntakeLimits, LabsSource, SourceTable, TopicFilters } from '@humtemp/intake';
import {
  HeldStore,
  type MosquittoOptions,
  type Service,
  startMosquitto,
  temporaryFolder,
  until,
} from '@humtemp/test-services';
import { Aedes, type AedesOptions } from 'aedes';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { Worker, type WorkerOptions } from './worker.js';
import { Workers } from './workers.js';

/** As the program does it: room for a topic and properties around the largest payload. */
const FRAME_OVERHEAD_BYTES = 65_536;
const grid = bucketGrid(0, { durationS: 86_400, retention: 2 }, [{ durationS: 300, retention: 288 }]);

/** Our own format on topics of a test's choice. */
export function sourcesOf(...filters: string[]): SourceTable {
  return new SourceTable([new LabsSource(new TopicFilters(filters))]);
}

/** A store, an intake, and whatever a test opens around them; all closed after the test, last first. */
export class Scene {
  readonly #opened: (() => unknown)[] = [];

  private constructor(
    readonly held: HeldStore<EmbeddedStore>,
    readonly intake: Intake,
    readonly limits: IntakeLimits,
  ) {}

  static async open(t: TestContext, limits: Partial<IntakeLimits> = {}): Promise<Scene> {
    const folder = await temporaryFolder('worker-test');
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
    const scene = new Scene(held, intake, all);
    t.after(async () => {
      held.release();
      for (const close of scene.#opened.reverse()) await close();
      await intake.stop(2000);
      await store.close();
      await folder.remove();
    });
    return scene;
  }

  async mosquitto(options: MosquittoOptions = {}): Promise<Service> {
    const mosquitto = await startMosquitto(options);
    this.#opened.push(() => mosquitto.close());
    return mosquitto;
  }

  /** A plain aedes on a free port. */
  async aedes(options: AedesOptions = {}): Promise<{ readonly url: string; readonly aedes: Aedes }> {
    const aedes = await Aedes.createBroker(options);
    const server = createServer(aedes.handle);
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    const port = await listening(server);
    this.#opened.push(async () => {
      server.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
      // It forgets who was about to connect.
      for (const socket of sockets) socket.destroy();
    });
    return { url: `mqtt://127.0.0.1:${port}`, aedes };
  }

  /** A way to a broker that can be cut. */
  async link(broker: Service): Promise<Link> {
    const link = new Link(broker.port);
    await link.open();
    this.#opened.push(() => link.close());
    return link;
  }

  worker(url: string, options: Partial<WorkerOptions> = {}): { worker: Worker; log: string[] } {
    const log: string[] = [];
    const worker = new Worker({ ...this.#options(log), url, ...options });
    this.#opened.push(() => worker.close());
    return { worker, log };
  }

  /** One worker for each broker, as the program names them. */
  workers(urls: readonly string[]): { workers: Workers; log: string[] } {
    const log: string[] = [];
    const brokers = urls.map((url, i) => ({ url, clientId: i === 0 ? 'w1' : `w1@${new URL(url).host}` }));
    const workers = new Workers(brokers, this.#options(log));
    this.#opened.push(() => workers.close());
    return { workers, log };
  }

  #options(log: string[]): Omit<WorkerOptions, 'url'> {
    return {
      clientId: 'w1',
      group: 'g',
      sessionExpiryS: 60,
      keepAliveS: 30,
      protocolVersion: 5,
      sources: sourcesOf('labs/+/observation'),
      intake: this.intake,
      store: this.held.store,
      process: 'this run',
      adoptAfterS: 60,
      frameBytesMax: this.limits.payloadBytesMax + FRAME_OVERHEAD_BYTES,
      receiveMaximum: 65_535,
      log: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
    };
  }

  /** A worker that serves. */
  async servingWorker(url: string, options: Partial<WorkerOptions> = {}): Promise<Worker> {
    const { worker } = this.worker(url, options);
    await until(() => worker.notReadyReason === undefined);
    return worker;
  }

  /** A connected mqtt.js. */
  async client(url: string, options: IClientOptions = {}): Promise<MqttClient> {
    const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
    this.#opened.push(() => client.endAsync(true));
    return client;
  }

  /** The ledger in short: what was committed, what was a duplicate, and how often each rejection came. */
  get counts(): { committed: number; duplicate: number; rejected: Record<string, number> } {
    const { committed, duplicate, rejected } = this.intake.ledger.counters();
    return { committed, duplicate, rejected };
  }

  /** Resolves once so many observations are in the store. */
  async committed(observations: number): Promise<void> {
    await until(() => this.counts.committed >= observations);
  }
}

/** Passes bytes to a port of this machine and back until it is cut; then it takes new connections again. */
export class Link {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  url = '';

  constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect({ host: '127.0.0.1', port, noDelay: true });
      for (const socket of [near, far]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
  }

  async open(): Promise<void> {
    this.url = `mqtt://127.0.0.1:${await listening(this.#server)}`;
  }

  /** Breaks every connection off. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.#server.close();
    this.cut();
  }
}

/** @returns the free port that the server now listens on. */
export async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
