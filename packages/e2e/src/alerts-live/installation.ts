import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { freePort, type Service, startMosquitto, startRedis } from '@humtemp/test-services';
import mqtt, { type MqttClient } from 'mqtt';
import { HumtempProcess } from '../humtemp-process.js';

const LABS = 10;
const SEND_EVERY_MS = 200;
const LABS_FILE = 'lab_id,temp_max,expected_interval\n*,30,10s\n';

/** A process of humtemp whose port stays the same over all its starts. */
export class Role {
  process: HumtempProcess;

  constructor(
    readonly host: string,
    private readonly args: readonly string[],
    private readonly env: Readonly<Record<string, string>>,
  ) {
    this.process = new HumtempProcess(args, env);
  }

  async restart(): Promise<void> {
    await this.process.kill();
    this.start();
  }

  start(): void {
    this.process = new HumtempProcess(this.args, this.env);
  }
}

/** What the next observations are like. */
interface Sending {
  labs: number;
  ageS: number;
  temp: number;
  /** Of each round, how many are no observation. */
  bad: number;
  everyNth: number;
}

/** Mosquitto, Redis, two workers and an API; beside them a `start` with a disk of its own, and a figure that can be made up. */
export class Installation {
  readonly sending: Sending = { labs: LABS, ageS: 0, temp: 21, bad: 0, everyNth: 1 };
  imbalance = 0;
  #round = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(
    readonly mosquitto: Service,
    readonly redis: Service,
    readonly workers: readonly Role[],
    readonly api: Role,
    readonly alone: Role & { readonly mqttPort: number },
    readonly made: { readonly server: Server; readonly host: string },
    private readonly publisher: MqttClient,
  ) {}

  static async start(folder: string, disk: string): Promise<Installation> {
    const mosquitto = await startMosquitto({
      config: 'max_inflight_messages 65535\nmax_queued_messages 1000000\npersistence true',
    });
    const redis = await startRedis({ directives: { appendonly: 'yes' } });
    writeFileSync(join(folder, 'labs.csv'), LABS_FILE);
    const common = { HUMTEMP_REDIS_URL: redis.url, HUMTEMP_LABS_FILE: join(folder, 'labs.csv') };
    const workers = [];
    for (let i = 0; i < 2; i++) {
      const port = `${await freePort()}`;
      workers.push(
        new Role(`127.0.0.1:${port}`, ['worker'], {
          ...common,
          HUMTEMP_MQTT_URL: mosquitto.url,
          HUMTEMP_MQTT_CLIENT_ID: `worker-${i}`,
          HUMTEMP_HEALTH_PORT: port,
        }),
      );
    }
    const apiPort = `${await freePort()}`;
    const api = new Role(`127.0.0.1:${apiPort}`, ['api'], { ...common, HUMTEMP_API_PORT: apiPort });
    const [aloneApi, mqttPort] = [await freePort(), await freePort()];
    const alone = new Role(`127.0.0.1:${aloneApi}`, ['start'], {
      HUMTEMP_DATA_DIR: join(disk, 'data'),
      HUMTEMP_API_PORT: `${aloneApi}`,
      HUMTEMP_MQTT_PORT: `${mqttPort}`,
      HUMTEMP_MQTT_CONNECTIONS_PER_ADDRESS_MAX: '1',
    });
    const publisher = await mqtt.connectAsync(mosquitto.url, { reconnectPeriod: 200 });
    publisher.on('error', () => {});
    let installation: Installation;
    const server = createServer((_, response) => {
      response.end(`humtemp_ledger_imbalance ${installation.imbalance}\n`);
    });
    const madePort = await freePort();
    server.listen(madePort, '127.0.0.1');
    installation = new Installation(
      mosquitto,
      redis,
      workers,
      api,
      Object.assign(alone, { mqttPort }),
      { server, host: `127.0.0.1:${madePort}` },
      publisher,
    );
    await api.process.ready(`http://${api.host}`);
    await alone.process.ready(`http://${alone.host}`);
    for (const { host, process } of workers) await process.ready(`http://${host}`);
    return installation;
  }

  get processes(): readonly Role[] {
    return [...this.workers, this.api, this.alone];
  }

  /** Every lab sends five times a second, from now on. */
  send(): void {
    this.#timer = setInterval(() => this.#sendRound(), SEND_EVERY_MS);
  }

  pauseSending(): void {
    clearInterval(this.#timer);
  }

  async close(): Promise<void> {
    this.pauseSending();
    this.publisher.end(true);
    this.made.server.close();
    await this.redis.thaw();
    for (const role of this.processes) await role.process.kill();
    await this.mosquitto.close();
    await this.redis.close();
  }

  #sendRound(): void {
    const { labs, ageS, temp, bad, everyNth } = this.sending;
    if (this.#round++ % everyNth !== 0) return;
    const timestamp = (Date.now() - ageS * 1000) / 1000;
    for (let i = 0; i < labs; i++) {
      const observation = { temp: temp + i / 10, humidity: 50, timestamp: Number(timestamp.toFixed(3)) };
      const payload = i < bad ? 'no JSON' : JSON.stringify(observation);
      this.publisher.publish(`labs/library-${i}/observation`, payload, { qos: 1 }, () => {});
    }
  }
}
