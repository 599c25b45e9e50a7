import { hostname } from 'node:os';
import type { BrokerAt, WorkerOptions } from '@humtemp/worker';
import { FRAME_OVERHEAD_BYTES_MAX } from './frame-overhead.js';
import { duration, file, kind, pattern } from './kinds.js';
import { problem } from './problem.js';
import type { SourceValues } from './sources.js';
import { listWithoutPasswords, mqttUrls } from './url.js';
import { optional, secret, type ValuesOf, withDefault } from './variable.js';

/** The external broker that a worker subscribes to. */
export const WORKER = {
  heading: 'Worker, at an external broker',
  variables: {
    mqttUrls: secret(
      'HUMTEMP_MQTT_URL',
      'external broker to subscribe to, with user and password, or several of them; humtemp start then runs no broker itself',
      kind('mqtt:// or mqtts://, comma-separated', mqttUrls),
      listWithoutPasswords,
    ),
    mqttVersion: withDefault(
      'HUMTEMP_MQTT_VERSION',
      '5',
      'MQTT version to speak; a broker that does not speak 5 is asked again with 3.1.1',
      kind('5 or 3.1.1', (value) => {
        if (value !== '5' && value !== '3.1.1') throw new RangeError('5 or 3.1.1');
        return value === '5' ? 5 : 4;
      }),
    ),
    mqttCaFile: optional(
      'HUMTEMP_MQTT_CA_FILE',
      'PEM file of the authorities to trust for mqtts://, instead of those of the system; read at each connection',
      file,
    ),
    mqttClientCertFile: optional(
      'HUMTEMP_MQTT_CLIENT_CERT_FILE',
      'PEM file of our certificate, for a broker that asks for one over mqtts://; read at each connection',
      file,
    ),
    mqttClientKeyFile: optional(
      'HUMTEMP_MQTT_CLIENT_KEY_FILE',
      'PEM file of the key of HUMTEMP_MQTT_CLIENT_CERT_FILE',
      file,
    ),
    mqttClientId: withDefault(
      'HUMTEMP_MQTT_CLIENT_ID',
      `humtemp-${hostname()}`,
      'name of the session of this worker at the broker: stable, and different for each worker; at further brokers, @ and the broker are added',
      // Room for the longest host name, which is that of a pod, say.
      pattern(/^[\w.:@-]{1,128}$/, '1 to 128 characters of A-Z a-z 0-9 _ - . : @'),
    ),
    mqttGroup: withDefault(
      'HUMTEMP_MQTT_GROUP',
      'humtemp',
      'shared subscription group: workers of one group split the stream; empty: not shared, for a single worker',
      pattern(/^[^/+#\s]{0,64}$/, 'up to 64 characters without / + # and blanks'),
    ),
    mqttSessionExpiryS: withDefault(
      'HUMTEMP_MQTT_SESSION_EXPIRY',
      '1d',
      'how long the broker keeps the session of an absent worker',
      // Of four bytes, of which the highest number is not a duration: never (MQTT 5, 3.1.2.11.2).
      duration('7101w'),
    ),
    mqttAdoptAfterS: withDefault(
      'HUMTEMP_MQTT_ADOPT_AFTER',
      '30s',
      'a session that its worker has not served for this long is emptied by another worker of the group',
      duration(),
    ),
    mqttKeepAliveS: withDefault(
      'HUMTEMP_MQTT_KEEPALIVE',
      '30s',
      'after this silence, broker and worker end their connection',
      // Of two bytes [MQTT-3.1.2-10].
      duration('65535s'),
    ),
  },
} as const;

export type WorkerValues = ValuesOf<typeof WORKER>;

/** What the variables of a worker, each of them good, do not say together. */
export function workerProblems(config: Partial<WorkerValues>): string[] {
  const { mqttClientCertFile, mqttClientKeyFile } = config;
  if ((mqttClientCertFile === undefined) === (mqttClientKeyFile === undefined)) return [];
  const missing =
    mqttClientCertFile === undefined ? 'HUMTEMP_MQTT_CLIENT_CERT_FILE' : 'HUMTEMP_MQTT_CLIENT_KEY_FILE';
  return [
    problem(missing, '', 'both HUMTEMP_MQTT_CLIENT_CERT_FILE and HUMTEMP_MQTT_CLIENT_KEY_FILE, or neither'),
  ];
}

/**
 * The brokers to take observations from. At the first we have the plain client id, so that a further broker changes
 * nothing there. At the others it names the broker: two addresses may lead to one, where each needs a session of its own.
 */
export function brokersOf({ mqttUrls = [], mqttClientId }: WorkerValues): readonly BrokerAt[] {
  return mqttUrls.map((url, i) => ({
    url,
    clientId: i === 0 ? mqttClientId : `${mqttClientId}@${new URL(url).host}`,
  }));
}

/** What the configuration alone decides of a worker's options. */
export function workerOptions(config: WorkerValues & SourceValues) {
  return {
    group: config.mqttGroup,
    sessionExpiryS: config.mqttSessionExpiryS,
    keepAliveS: config.mqttKeepAliveS,
    protocolVersion: config.mqttVersion,
    adoptAfterS: config.mqttAdoptAfterS,
    frameBytesMax: config.payloadBytesMax + FRAME_OVERHEAD_BYTES_MAX,
    receiveMaximum: Math.min(config.pendingMax, 65_535),
  } satisfies Partial<WorkerOptions>;
}
