import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { TopicFilters } from '@humtemp/intake';
import mqtt, { type IConnackPacket, type MqttClient } from 'mqtt';
import type { Config } from '../../config/config.js';
import { brokerAddress } from '../publish/broker-address.js';
import { error, type Finding, ok, warning } from './finding.js';

const TIMEOUT_MS = 5000;
const FOREIGN_TOPICS_SHOWN = 3;

/** What was seen while the doctor listened. */
interface Listened {
  readonly connack: IConnackPacket;
  readonly granted: readonly number[];
  readonly isShareGranted: boolean;
  /** The topics that observations are taken from, and all others. */
  readonly matched: ReadonlySet<string>;
  readonly foreign: ReadonlySet<string>;
  readonly system: ReadonlyMap<string, string>;
}

/** Whether each external broker lets a worker in, hands it what it is to have, and loses nothing. */
export async function checkBrokers(config: Config, listenMs: number): Promise<Finding[]> {
  const findings = await Promise.all(config.mqttUrls!.map((url) => checkBroker(url, config, listenMs)));
  if (findings.length === 1) return findings[0]!;
  return findings.flatMap((some, i) => {
    const { name } = brokerAddress(config.mqttUrls![i]!);
    return some.map((finding) =>
      finding.what.startsWith(name) ? finding : { ...finding, what: `${name}: ${finding.what}` },
    );
  });
}

async function checkBroker(url: string, config: Config, listenMs: number): Promise<Finding[]> {
  const address = brokerAddress(url);
  let seen: Listened;
  try {
    seen = await listen(url, config, listenMs);
  } catch (reason) {
    const { message } = reason as Error;
    return [error('broker', `${address.name}: ${message}`, advice(message))];
  }
  const version = seen.system.get('$SYS/broker/version');
  return [
    ok('broker', `${address.name} lets humtemp in${version === undefined ? '' : `: ${version}`}`),
    ...grantFindings(seen, config),
    ...limitFindings(seen),
    ...trafficFindings(seen, config, listenMs),
  ];
}

function advice(message: string): string {
  if (/not authori[sz]ed|bad user/i.test(message)) return 'HUMTEMP_MQTT_URL=mqtt://USER:PASSWORD@HOST:PORT';
  if (/certificate|self.signed|issuer/i.test(message)) return 'HUMTEMP_MQTT_CA_FILE=FILE of its authority';
  return 'HUMTEMP_MQTT_URL=mqtt://HOST:PORT, and start the broker there';
}

async function listen(url: string, config: Config, listenMs: number): Promise<Listened> {
  const { connection } = brokerAddress(url);
  const client = mqtt.connect({
    ...connection,
    ...(config.mqttCaFile !== undefined && { ca: readFileSync(config.mqttCaFile) }),
    ...(config.mqttClientCertFile !== undefined && { cert: readFileSync(config.mqttClientCertFile) }),
    ...(config.mqttClientKeyFile !== undefined && { key: readFileSync(config.mqttClientKeyFile) }),
    protocolVersion: config.mqttVersion,
    clientId: `humtemp-doctor-${randomBytes(4).toString('hex')}`,
    reconnectPeriod: 0,
    connectTimeout: TIMEOUT_MS,
    manualConnect: true,
  });
  const matched = new Set<string>();
  const foreign = new Set<string>();
  const system = new Map<string, string>();
  const filters = new TopicFilters([...config.mqttTopics.filters]);
  client.on('message', (topic, payload) => {
    if (topic.startsWith('$')) system.set(topic, payload.toString());
    else (filters.labOf(topic) === undefined ? foreign : matched).add(topic);
  });
  try {
    const connack = await connected(client);
    const granted = await client.subscribeAsync(
      Object.fromEntries(
        ['$SYS/broker/#', '#', ...config.mqttTopics.filters].map((f) => [f, { qos: 1 as const }]),
      ),
    );
    const isShareGranted = config.mqttGroup === '' || (await grantsShare(client, config));
    await sleep(listenMs);
    const ours = granted.filter(({ topic }) => config.mqttTopics.filters.includes(topic));
    return {
      connack,
      granted: ours.map(({ qos }) => qos as number),
      isShareGranted,
      matched,
      foreign,
      system,
    };
  } finally {
    await client.endAsync(true);
  }
}

function connected(client: MqttClient): Promise<IConnackPacket> {
  return new Promise((resolve, reject) => {
    client.once('connect', resolve);
    client.once('error', reject);
    client.once('close', () => reject(new Error('the connection was closed')));
    client.connect();
  });
}

/** A group that no worker has, so that nothing of theirs comes here. */
async function grantsShare(client: MqttClient, config: Config): Promise<boolean> {
  const group = `doctor-${randomBytes(4).toString('hex')}`;
  const [grant] = await client
    .subscribeAsync(`$share/${group}/${config.mqttTopics.filters[0]}`, { qos: 1 })
    .catch(() => []);
  return grant !== undefined && (grant.qos as number) < 128;
}

function grantFindings({ granted, isShareGranted, connack }: Listened, config: Config): Finding[] {
  const findings: Finding[] = [];
  if (granted.some((qos) => qos >= 128))
    findings.push(
      error(
        'broker',
        'it refuses a subscription to HUMTEMP_MQTT_TOPICS',
        'its access rules: topic read for this user',
      ),
    );
  else if (granted.some((qos) => qos === 0))
    findings.push(
      warning(
        'broker',
        'it grants QoS 0 only: what comes while no worker is connected is lost',
        'its maximum QoS',
      ),
    );
  if (!isShareGranted || connack.properties?.sharedSubscriptionAvailable === false)
    findings.push(
      error('broker', 'it has no shared subscriptions', 'HUMTEMP_MQTT_GROUP= (empty), with a single worker'),
    );
  else if (config.mqttGroup !== '')
    findings.push(ok('broker', `it grants QoS ${Math.min(...granted)} and shares`));
  return findings;
}

/** Of a Mosquitto, which says of itself what it drops. */
function limitFindings({ connack, system }: Listened): Finding[] {
  const findings: Finding[] = [];
  if (connack.properties?.receiveMaximum === 20)
    findings.push(
      warning(
        'broker',
        'it has 20 publishes in flight for each client: a worker waits most of the time',
        'max_inflight_messages 65535 in mosquitto.conf, and what else docs/brokers.md has for it: that cannot be seen from here',
      ),
    );
  const dropped = Number(system.get('$SYS/broker/publish/messages/dropped') ?? 0);
  if (dropped > 0)
    findings.push(
      warning(
        'broker',
        `it has dropped ${dropped} publishes since its start, as a queue was full`,
        'max_queued_messages 1000000 in mosquitto.conf',
      ),
    );
  return findings;
}

function trafficFindings({ matched, foreign }: Listened, config: Config, listenMs: number): Finding[] {
  if (matched.size > 0)
    return [
      ok('broker', `publishes on ${matched.size} topics of HUMTEMP_MQTT_TOPICS within ${listenMs / 1000} s`),
    ];
  if (foreign.size === 0) return [];
  const shown = [...foreign].slice(0, FOREIGN_TOPICS_SHOWN).join(', ');
  return [
    warning(
      'broker',
      `nothing on ${config.mqttTopics.filters.join(',')} within ${listenMs / 1000} s, but on ${foreign.size} other topics, such as ${shown}`,
      'HUMTEMP_MQTT_TOPICS or HUMTEMP_SOURCES; humtemp explain says what a source makes of a publish',
    ),
  ];
}
