import { pause } from '@humtemp/test-services';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { type AccessCase, type AccessTable, OBSERVER, PASSWORD } from './access-table.fixture.js';

const SYNC = 'table/sync';
const NOT_AUTHORIZED = 0x87;
/** For so many times 10 ms, at least, somebody waits for a will that is allowed. */
const WILL_WAITS = 1000;

/** Of MQTT: 4 is 3.1.1. */
export type Version = 4 | 5;

/**
 * Puts the cases of a table to a broker that runs with its files and lets anonymous clients in, one after another. A
 * refused publish has to be acknowledged, in MQTT 5 with 0x87, and a subscription granted, as Mosquitto does.
 * @returns for each case whether the broker allowed it.
 */
export async function brokerAnswers(
  url: string,
  { cases }: AccessTable,
  protocolVersion: Version,
): Promise<boolean[]> {
  const observer = await Observer.connect(url);
  try {
    await observer.client.subscribeAsync([SYNC, ...new Set(cases.map(({ topic }) => topic))], { qos: 1 });
    const answers: boolean[] = [];
    for (const [index, entry] of cases.entries())
      answers.push(await ASK[entry.way](url, { ...entry, protocolVersion }, `case ${index}`, observer));
    // A will that came later than its case was looked at, though it is not allowed.
    for (const [index, { way }] of cases.entries())
      if (way === 'will') answers[index] ||= await observer.hasSeen(`case ${index}`);
    return answers;
  } finally {
    await observer.client.endAsync(true);
  }
}

type Asked = AccessCase & { readonly protocolVersion: Version };
type Ask = (url: string, entry: Asked, payload: string, observer: Observer) => Promise<boolean>;

const ASK: Readonly<Record<AccessCase['way'], Ask>> = {
  async publish(url, entry, payload, observer) {
    const client = await connected(url, entry);
    const code = await client.publishAsync(entry.topic, payload, { qos: 1 }).then(
      () => 0,
      (error: { code: number }) => error.code,
    );
    await client.endAsync();
    const wasSeen = await observer.hasSeen(payload);
    // That the payload is no observation may be an answer, too.
    const isRefused = code === NOT_AUTHORIZED;
    if (isRefused !== (!wasSeen && entry.protocolVersion === 5))
      throw new Error(`PUBACK ${code} for ${JSON.stringify(entry)}`);
    return wasSeen;
  },

  async receive(url, entry, payload, observer) {
    const client = await connected(url, entry);
    const received: string[] = [];
    client.on('message', (_topic, bytes) => received.push(bytes.toString()));
    await client.subscribeAsync(entry.topic, { qos: 0 });
    await observer.client.publishAsync(entry.topic, payload, { qos: 1 });
    if (!(await observer.hasSeen(payload))) throw new Error(`the observer may not publish on ${entry.topic}`);
    // What the broker answers now stands behind what it had delivered.
    await client.unsubscribeAsync(entry.topic);
    await client.endAsync();
    return received.includes(payload);
  },

  async will(url, entry, payload, observer) {
    const will = { topic: entry.topic, payload: Buffer.from(payload), qos: 1 as const, retain: false };
    const client = await connected(url, entry, { will });
    // Who takes over a client id ends the connection that had it; the will is then published [MQTT-3.1.4-2, 3.1.2-8].
    const successor = await connected(url, entry);
    await successor.endAsync();
    await client.endAsync(true);
    // No answer says that the will is out: one that is expected may take its time.
    for (let i = 0; entry.allowed && i < WILL_WAITS && !(await observer.hasSeen(payload)); i++)
      await pause(10);
    return observer.hasSeen(payload);
  },
};

/** A client that may read everything that the cases are about. */
class Observer {
  readonly #seen = new Set<string>();
  #syncs = 0;

  private constructor(readonly client: MqttClient) {
    client.on('message', (_topic, bytes) => this.#seen.add(bytes.toString()));
  }

  static async connect(url: string): Promise<Observer> {
    return new Observer(await connected(url, { username: OBSERVER, clientId: 'table-observer' }));
  }

  /** Whether a payload that the broker has taken was delivered to us. */
  async hasSeen(payload: string): Promise<boolean> {
    const sync = `sync ${this.#syncs++}`;
    const returned = new Promise<void>((resolve) => {
      const look = (_topic: string, bytes: Buffer) => {
        if (bytes.toString() !== sync) return;
        this.client.off('message', look);
        resolve();
      };
      this.client.on('message', look);
    });
    await this.client.publishAsync(SYNC, sync, { qos: 1 });
    await returned;
    return this.#seen.has(payload);
  }
}

function connected(
  url: string,
  { username, clientId, protocolVersion = 4 }: Pick<AccessCase, 'username' | 'clientId'> & Partial<Asked>,
  options: IClientOptions = {},
): Promise<MqttClient> {
  return connectAsync(url, {
    clientId,
    ...(username === undefined ? {} : { username, password: PASSWORD }),
    protocolVersion,
    reconnectPeriod: 0,
    ...options,
  });
}
