import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { compileWithPaho, mosquittoClient, pythonWithPaho } from '@humtemp/test-services';
import { connectAsync } from 'mqtt';
import type { Publish } from './stubborn-client.js';
import { until } from './until.js';

export type Qos = 0 | 1 | 2;
/** Of MQTT: 4 is 3.1.1. */
export type Version = 4 | 5;

/** How a client publishes. */
export interface Manner {
  readonly version: Version;
  readonly qos: Qos;
}

/** A listener of the broker, and the authority to trust, as text and as a file, if it speaks TLS. */
export interface Listener {
  readonly scheme: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly port: number;
  readonly ca?: string;
  readonly caFile?: string;
}

/** Publishes in this order over one connection; resolves when all is delivered as the QoS says. */
export type PublishWith = (
  listener: Listener,
  manner: Manner,
  publishes: readonly Publish[],
) => Promise<void>;

/** A client that people use. */
export interface RealClient {
  readonly name: string;
  readonly schemes: readonly Listener['scheme'][];
  /**
   * Makes it ready for use, in this folder if it needs one.
   * @throws Error that says why it cannot be had here.
   */
  readonly prepare: (folder: string) => Promise<PublishWith>;
}

const ALL_SCHEMES = ['mqtt', 'mqtts', 'ws', 'wss'] as const;

export const REAL_CLIENTS: readonly RealClient[] = [
  {
    name: 'mosquitto_pub',
    schemes: ['mqtt', 'mqtts'],
    async prepare() {
      const program = await mosquittoClient('mosquitto_pub');
      return (listener, { version, qos }, publishes) => {
        const args = [...addressOf(listener), ...versionOf(version), '-q', `${qos}`];
        args.push('-t', publishes[0]!.topic, '-l');
        return runWith(
          program,
          args,
          publishes.map(({ payload }) => payload),
        );
      };
    },
  },
  {
    name: 'mqtt.js',
    schemes: ALL_SCHEMES,
    prepare: async () => publishWithMqttJs,
  },
  {
    name: 'Paho for Python',
    schemes: ALL_SCHEMES,
    async prepare() {
      const python = await pythonWithPaho();
      const script = fileURLToPath(new URL('../src/paho-publish.py', import.meta.url));
      return (listener, manner, publishes) =>
        runWith(python, [script, ...pahoArguments(urlOf(listener), manner, listener)], linesOf(publishes));
    },
  },
  {
    name: 'Paho for C',
    schemes: ALL_SCHEMES,
    async prepare(folder) {
      const program = join(folder, 'paho-publish');
      await compileWithPaho(fileURLToPath(new URL('../src/paho-publish.c', import.meta.url)), program);
      return (listener, manner, publishes) => {
        const url = urlOf(listener).replace('mqtts:', 'ssl:').replace('mqtt:', 'tcp:');
        return runWith(program, pahoArguments(url, manner, listener), linesOf(publishes));
      };
    },
  },
];

/** A mosquitto_sub that receives every observation. */
export class MosquittoSub {
  #printed = '';

  private constructor(readonly child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (printed: string) => {
      this.#printed += printed;
    });
  }

  /** Resolves once it is subscribed. */
  static async start(listener: Listener, version: Version): Promise<MosquittoSub> {
    const args = [...addressOf(listener), ...versionOf(version), '-q', '2', '-F', '%q %t %p'];
    for (const topic of ['labs/+/observation', PROBE_TOPIC]) args.push('-t', topic);
    const child = spawn(await mosquittoClient('mosquitto_sub'), args, {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const subscriber = new MosquittoSub(child);
    const publisher = await connectAsync(urlOf(listener), { protocolVersion: 4, ca: listener.ca ?? [] });
    await until(() => {
      publisher.publish(PROBE_TOPIC, 'are you there?');
      return subscriber.#printed !== '';
    });
    await publisher.endAsync();
    return subscriber;
  }

  /** What it has received of observations: lines of QoS, topic and payload. */
  get received(): readonly string[] {
    return this.#printed.split('\n').filter((line) => line !== '' && !line.includes(PROBE_TOPIC));
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await closed;
  }
}

const PROBE_TOPIC = 'probe';

async function publishWithMqttJs(
  listener: Listener,
  { version, qos }: Manner,
  publishes: readonly Publish[],
): Promise<void> {
  const client = await connectAsync(urlOf(listener), {
    protocolVersion: version,
    reconnectPeriod: 0,
    ...(listener.ca !== undefined && { ca: listener.ca }),
  });
  try {
    await Promise.all(publishes.map(({ topic, payload }) => client.publishAsync(topic, payload, { qos })));
  } finally {
    await client.endAsync();
  }
}

function urlOf({ scheme, port }: Listener): string {
  return `${scheme}://localhost:${port}`;
}

/** As the clients of Mosquitto take it. */
function addressOf({ port, caFile }: Listener): string[] {
  return ['-h', 'localhost', '-p', `${port}`, ...(caFile === undefined ? [] : ['--cafile', caFile])];
}

function versionOf(version: Version): string[] {
  return ['-V', version === 5 ? 'mqttv5' : 'mqttv311'];
}

/** As our programs with Paho take them. */
function pahoArguments(url: string, { version, qos }: Manner, { caFile = '' }: Listener): string[] {
  return [url, `${version}`, `${qos}`, caFile];
}

function linesOf(publishes: readonly Publish[]): string[] {
  return publishes.map(({ topic, payload }) => `${topic} ${payload}`);
}

/** Runs a program that reads these lines. @throws Error with what it says if it does not end well. */
async function runWith(program: string, args: readonly string[], lines: readonly string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const closed = once(child, 'close');
  child.stdin.end(`${lines.join('\n')}\n`);
  const said = await text(child.stderr);
  const [code] = await closed;
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${said}`);
}
