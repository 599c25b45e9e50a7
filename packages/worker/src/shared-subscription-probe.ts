import { type IClientOptions, MqttClient } from 'mqtt';
import { credentialsOf, openTransport, type TransportOptions } from './transport.js';

export interface ProbeOptions extends TransportOptions {
  readonly clientId: string;
  readonly protocolVersion: 4 | 5;
}

/** What a broker does with shared subscriptions; unknown if it does not let us find out. */
export type ProbeResult = 'delivers' | 'delivers nothing' | 'unknown';

const PROBE_TIMEOUT_MS = 5000;
/** For the shared delivery after the plain one has come. */
const GRACE_MS = 1000;

/**
 * Finds out whether a broker delivers to shared subscriptions: some grant them and then deliver nothing. It
 * subscribes to a topic of its own, shared and plain, and publishes there: only if the plain delivery comes
 * and the shared one does not is the answer sure. Accounts that may not do this leave it unknown.
 */
export async function probeSharedSubscription(options: ProbeOptions): Promise<ProbeResult> {
  const { url, clientId, protocolVersion } = options;
  const topic = `humtemp/probe/${clientId}`;
  const clientOptions: IClientOptions = {
    clientId: `${clientId}-probe`,
    clean: true,
    protocolVersion,
    protocolId: 'MQTT',
    ...credentialsOf(url),
    reconnectPeriod: 0,
    connectTimeout: PROBE_TIMEOUT_MS,
    resubscribe: false,
  };
  const plain = new MqttClient(() => openTransport(options), clientOptions);
  const shared = new MqttClient(() => openTransport(options), {
    ...clientOptions,
    clientId: `${clientId}-probe-shared`,
  });
  // Whatever goes wrong, and however often: then it is not known.
  for (const client of [plain, shared]) client.on('error', () => {});
  try {
    return await withTimeout(probe(plain, shared, topic), PROBE_TIMEOUT_MS);
  } catch {
    return 'unknown';
  } finally {
    plain.end(true);
    shared.end(true);
  }
}

async function probe(plain: MqttClient, shared: MqttClient, topic: string): Promise<ProbeResult> {
  await Promise.all([connected(plain), connected(shared)]);
  const arrived = (client: MqttClient) =>
    new Promise<void>((resolve) => client.once('message', () => resolve()));
  const plainArrived = arrived(plain);
  const sharedArrived = arrived(shared);
  await plain.subscribeAsync(topic);
  await shared.subscribeAsync(`$share/humtemp-probe/${topic}`);
  await plain.publishAsync(topic, 'probe', { qos: 1 });
  await Promise.race([plainArrived, sharedArrived]);
  return withTimeout(
    sharedArrived.then(() => 'delivers' as const),
    GRACE_MS,
  ).catch(() => 'delivers nothing' as const);
}

function connected(client: MqttClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed')));
  });
}

async function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
