import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { type Batch, type BucketStore, bucketGrid, type CommitResult } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { Intake, type IntakeLimits, TopicFilters } from '@humtemp/intake';
import { type MosquittoOptions, type Service, startMosquitto, temporaryFolder } from '@humtemp/test-services';
import { Aedes, type AedesOptions } from 'aedes';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { Worker, type WorkerOptions } from './worker.js';

export const UNTIMED = JSON.stringify({ temp: 20, humidity: 50 });
export const TOPIC = 'labs/a/observation';
/** As the program does it: room for a topic and properties around the largest payload. */
const FRAME_OVERHEAD_BYTES = 65_536;
const grid = bucketGrid(0, { durationS: 86_400, retention: 2 }, [{ durationS: 300, retention: 288 }]);

/** A real store whose commits can be held back. */
class HeldStore {
  #held: (() => void)[] | undefined;

  constructor(readonly store: EmbeddedStore) {}

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  get asStore(): BucketStore {
    const commit = async (batch: Batch, nowMs: number): Promise<CommitResult> => {
      if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held?.push(resolve));
      return this.store.commit(batch, nowMs);
    };
    return new Proxy(this.store, {
      get: (target, key) => {
        const value = key === 'commit' ? commit : Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  }
}

/** A store, an intake, and whatever a test opens around them; all closed after the test, last first. */
export class Scene {
  readonly #opened: (() => unknown)[] = [];

  private constructor(
    readonly held: HeldStore,
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
    const intake = new Intake({ store: held.asStore, grid, limits: all });
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
    const port = await listening(server);
    this.#opened.push(async () => {
      server.close();
      await new Promise<void>((resolve) => aedes.close(resolve));
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
    const worker = new Worker({
      url,
      clientId: 'w1',
      group: 'g',
      sessionExpiryS: 60,
      keepAliveS: 30,
      protocolVersion: 5,
      filters: new TopicFilters(['labs/+/observation']),
      intake: this.intake,
      store: this.held.asStore,
      process: 'this run',
      adoptAfterS: 60,
      frameBytesMax: this.limits.payloadBytesMax + FRAME_OVERHEAD_BYTES,
      receiveMaximum: 65_535,
      log: pino({ level: 'debug' }, { write: (line: string) => void log.push(line) }),
      ...options,
    });
    this.#opened.push(() => worker.close());
    return { worker, log };
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

const startS = Math.floor(Date.now() / 1000);

/** Payload of an observation with a timestamp; each number is another one. */
export function timed(number: number): string {
  return JSON.stringify({ timestamp: startS - number, temp: 20, humidity: 50 });
}

export function times<T>(count: number, of: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => of(i));
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Resolves once the condition holds. @throws after about 10 seconds. */
export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; !condition(); i++) {
    if (i > 1000) throw new Error(`waited in vain for ${condition}`);
    await pause(10);
  }
}

/** For the end of a test file: every socket, server and child process is gone. */
export async function noOpenHandles(): Promise<void> {
  const open = () => process.getActiveResourcesInfo().filter((kind) => /^(TCP|TLS|Process)/.test(kind));
  await until(() => open().length === 0);
}
