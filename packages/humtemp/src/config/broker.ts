import type { BrokerLimits, ListenerAddress } from '@humtemp/broker';
import { DEFAULT_LIMITS } from '@humtemp/broker/limits';
import { FRAME_OVERHEAD_BYTES_MAX } from './frame-overhead.js';
import { boolean, duration, file, host, integer, kind, port } from './kinds.js';
import { isLoopback, problem } from './problem.js';
import type { SourceValues } from './sources.js';
import { optional, type ValuesOf, withDefault } from './variable.js';

const bytes = integer(1024, 1 << 30, 'bytes');

/** The embedded broker. Variables that end in MAX are its limits. */
export const BROKER = {
  heading: 'Embedded broker',
  variables: {
    mqttHost: withDefault(
      'HUMTEMP_MQTT_HOST',
      '127.0.0.1',
      'address that the embedded broker listens on',
      host,
    ),
    mqttPort: withDefault(
      'HUMTEMP_MQTT_PORT',
      '1883',
      'port of the embedded broker; off: only the ports of TLS and WebSocket',
      kind(`${port.values}, or off`, (value) => (value === 'off' ? undefined : port.parse(value))),
    ),
    mqttTlsPort: optional('HUMTEMP_MQTT_TLS_PORT', 'port for MQTT over TLS, usually 8883', port),
    mqttWsPort: optional('HUMTEMP_MQTT_WS_PORT', 'port for MQTT over WebSocket', port),
    mqttWssPort: optional('HUMTEMP_MQTT_WSS_PORT', 'port for MQTT over WebSocket over TLS', port),
    mqttCertFile: optional(
      'HUMTEMP_MQTT_CERT_FILE',
      'PEM file of the certificate for TLS, with its intermediate certificates; read again when it changes',
      file,
    ),
    mqttKeyFile: optional(
      'HUMTEMP_MQTT_KEY_FILE',
      'PEM file of the key of HUMTEMP_MQTT_CERT_FILE; read again when it changes',
      file,
    ),
    mqttPasswordFile: optional(
      'HUMTEMP_MQTT_PASSWORD_FILE',
      'accounts, as mosquitto_passwd and humtemp passwd write them; read again when it changes',
      file,
    ),
    mqttAclFile: optional(
      'HUMTEMP_MQTT_ACL_FILE',
      'access rules, as in the acl_file of Mosquitto; without it an account is a lab; read again when it changes',
      file,
    ),
    mqttAllowAnonymous: withDefault(
      'HUMTEMP_MQTT_ALLOW_ANONYMOUS',
      'false',
      'without accounts, the embedded broker may listen on other addresses than loopback; with accounts, it accepts clients without a user name',
      boolean,
    ),
    mqttConnectionsMax: withDefault(
      'HUMTEMP_MQTT_CONNECTIONS_MAX',
      String(DEFAULT_LIMITS.connectionsMax),
      'connections to the embedded broker at a time',
      integer(1, 1_000_000),
    ),
    mqttConnectionsPerAddressMax: optional(
      'HUMTEMP_MQTT_CONNECTIONS_PER_ADDRESS_MAX',
      'connections to the embedded broker from one address at a time; if not set, three quarters of HUMTEMP_MQTT_CONNECTIONS_MAX',
      integer(1, 1_000_000),
    ),
    mqttConnectionsPerAccountMax: optional(
      'HUMTEMP_MQTT_CONNECTIONS_PER_ACCOUNT_MAX',
      'connections of one account at a time; if not set, three quarters of HUMTEMP_MQTT_CONNECTIONS_MAX',
      integer(1, 1_000_000),
    ),
    mqttMemoryBytesMax: withDefault(
      'HUMTEMP_MQTT_MEMORY_MAX',
      String(DEFAULT_LIMITS.memoryBytesMax),
      'memory for all that the embedded broker keeps for its clients; one account or address may have half of each kind',
      integer(1 << 20, 2 ** 40, 'bytes'),
    ),
    mqttConnectTimeoutS: withDefault(
      'HUMTEMP_MQTT_CONNECT_TIMEOUT',
      `${DEFAULT_LIMITS.connectTimeoutMs / 1000}s`,
      'longest time that the handshakes and the CONNECT of a client may take',
      duration(),
    ),
    mqttConnectBytesMax: withDefault(
      'HUMTEMP_MQTT_CONNECT_BYTES_MAX',
      String(DEFAULT_LIMITS.connectBytesMax),
      'longest CONNECT of a client',
      integer(64, 1 << 20, 'bytes'),
    ),
    mqttKeepAliveSMax: withDefault(
      'HUMTEMP_MQTT_KEEPALIVE_MAX',
      String(DEFAULT_LIMITS.keepAliveSMax),
      'longest keep-alive; clients that ask for a longer one, or for none, get this one; 0: as they ask',
      integer(0, 65_535, 'seconds'),
    ),
    mqttTopicLevelsMax: withDefault(
      'HUMTEMP_MQTT_TOPIC_LEVELS_MAX',
      String(DEFAULT_LIMITS.topicLevelsMax),
      'levels of a topic or a filter',
      integer(1, 100),
    ),
    mqttSubscriptionsMax: withDefault(
      'HUMTEMP_MQTT_SUBSCRIPTIONS_MAX',
      String(DEFAULT_LIMITS.subscriptionsPerClientMax),
      'subscriptions of one client',
      integer(1, 100_000),
    ),
    mqttSessionsMax: withDefault(
      'HUMTEMP_MQTT_SESSIONS_MAX',
      String(DEFAULT_LIMITS.sessionsMax),
      'sessions of absent clients; beyond, the one that has been absent the longest is removed',
      integer(0, 1_000_000),
    ),
    mqttQueueMax: withDefault(
      'HUMTEMP_MQTT_QUEUE_MAX',
      String(DEFAULT_LIMITS.queuedMessagesMax),
      'publishes that wait in one session; beyond, new ones are dropped for this session',
      // Each needs a packet id while it is on its way.
      integer(1, 60_000),
    ),
    mqttQueueBytesMax: withDefault(
      'HUMTEMP_MQTT_QUEUE_BYTES_MAX',
      String(DEFAULT_LIMITS.queuedBytesMax),
      'bytes of the publishes that wait in one session',
      bytes,
    ),
    mqttRetainedMax: withDefault(
      'HUMTEMP_MQTT_RETAINED_MAX',
      String(DEFAULT_LIMITS.retainedMessagesMax),
      'retained publishes; beyond, a further topic gets none',
      integer(0, 1_000_000),
    ),
    mqttRetainedBytesMax: withDefault(
      'HUMTEMP_MQTT_RETAINED_BYTES_MAX',
      String(DEFAULT_LIMITS.retainedBytesMax),
      'bytes of all retained publishes',
      bytes,
    ),
    mqttSubscriberBytesMax: withDefault(
      'HUMTEMP_MQTT_SUBSCRIBER_BYTES_MAX',
      String(DEFAULT_LIMITS.subscriberBytesMax),
      'bytes that wait until a subscriber reads; beyond, it misses publishes, or is disconnected if it has a session',
      bytes,
    ),
    mqttSubscriberTimeoutS: withDefault(
      'HUMTEMP_MQTT_SUBSCRIBER_TIMEOUT',
      `${DEFAULT_LIMITS.subscriberTimeoutMs / 1000}s`,
      'longest time that a subscriber may take to read HUMTEMP_MQTT_SUBSCRIBER_BYTES_MAX',
      duration(),
    ),
    mqttPublishRateMax: withDefault(
      'HUMTEMP_MQTT_PUBLISH_RATE_MAX',
      String(DEFAULT_LIMITS.publishRateMax),
      'publishes of one connection; beyond, it has to wait, and nothing is lost; 0: no limit',
      integer(0, 10_000_000, 'per second'),
    ),
  },
} as const;

export type BrokerValues = ValuesOf<typeof BROKER>;

/** The listeners that are configured, the plain one first. */
export function brokerListeners({ mqttHost: host, ...values }: BrokerValues): ListenerAddress[] {
  const { mqttPort, mqttTlsPort, mqttWsPort, mqttWssPort } = values;
  const ports = { mqtt: mqttPort, mqtts: mqttTlsPort, ws: mqttWsPort, wss: mqttWssPort } as const;
  return (['mqtt', 'mqtts', 'ws', 'wss'] as const).flatMap((kind) => {
    const port = ports[kind];
    return port === undefined ? [] : [{ kind, host, port }];
  });
}

export function brokerLimits(config: BrokerValues & Pick<SourceValues, 'payloadBytesMax'>): BrokerLimits {
  return {
    connectionsMax: config.mqttConnectionsMax,
    connectionsPerAddressMax: config.mqttConnectionsPerAddressMax,
    connectionsPerAccountMax: config.mqttConnectionsPerAccountMax,
    memoryBytesMax: config.mqttMemoryBytesMax,
    connectTimeoutMs: config.mqttConnectTimeoutS * 1000,
    connectBytesMax: config.mqttConnectBytesMax,
    frameBytesMax: config.payloadBytesMax + FRAME_OVERHEAD_BYTES_MAX,
    keepAliveSMax: config.mqttKeepAliveSMax,
    topicLevelsMax: config.mqttTopicLevelsMax,
    subscriptionsPerClientMax: config.mqttSubscriptionsMax,
    sessionsMax: config.mqttSessionsMax,
    queuedMessagesMax: config.mqttQueueMax,
    queuedBytesMax: config.mqttQueueBytesMax,
    retainedMessagesMax: config.mqttRetainedMax,
    retainedBytesMax: config.mqttRetainedBytesMax,
    subscriberBytesMax: config.mqttSubscriberBytesMax,
    subscriberTimeoutMs: config.mqttSubscriberTimeoutS * 1000,
    publishRateMax: config.mqttPublishRateMax,
  };
}

/** What the variables of the embedded broker, each of them good, do not say together. */
export function brokerProblems(config: Partial<BrokerValues & Pick<SourceValues, 'mqttTopics'>>): string[] {
  const { mqttHost: host, mqttPasswordFile, mqttAllowAnonymous } = config;
  const problems: string[] = [];
  if (
    host !== undefined &&
    !isLoopback(host) &&
    mqttPasswordFile === undefined &&
    mqttAllowAnonymous === false
  )
    problems.push(
      problem(
        'HUMTEMP_MQTT_HOST',
        host,
        'a loopback address, or HUMTEMP_MQTT_ALLOW_ANONYMOUS=true, or accounts in HUMTEMP_MQTT_PASSWORD_FILE',
      ),
    );
  const { mqttPort, mqttTlsPort, mqttWsPort, mqttWssPort, mqttCertFile, mqttKeyFile } = config;
  const usesTls = mqttTlsPort !== undefined || mqttWssPort !== undefined;
  if (usesTls && (mqttCertFile === undefined || mqttKeyFile === undefined)) {
    const missing = mqttCertFile === undefined ? 'HUMTEMP_MQTT_CERT_FILE' : 'HUMTEMP_MQTT_KEY_FILE';
    problems.push(
      problem(missing, '', 'both HUMTEMP_MQTT_CERT_FILE and HUMTEMP_MQTT_KEY_FILE, for a port with TLS'),
    );
  }
  if ('mqttPort' in config && mqttPort === undefined && !usesTls && mqttWsPort === undefined)
    problems.push(problem('HUMTEMP_MQTT_PORT', 'off', 'a port, for no other listener is configured'));
  const { mqttTopics, mqttTopicLevelsMax } = config;
  const levels = Math.max(0, ...(mqttTopics?.filters ?? []).map((filter) => filter.split('/').length));
  if (mqttTopicLevelsMax !== undefined && mqttTopicLevelsMax < levels)
    problems.push(
      problem(
        'HUMTEMP_MQTT_TOPIC_LEVELS_MAX',
        `${mqttTopicLevelsMax}`,
        `at least the ${levels} levels of HUMTEMP_MQTT_TOPICS`,
      ),
    );
  return problems;
}
