import { DEFAULT_LIMITS } from '@humtemp/broker/limits';
import { boolean, duration, integer, optional, text, withDefault } from './variable.js';

const port = integer(0, 65_535);
const bytes = integer(1024, 1 << 30);

/** The variables of the embedded broker. Those that end in MAX are its limits. */
export const BROKER_VARIABLES = {
  mqttHost: withDefault(
    'HUMTEMP_MQTT_HOST',
    '127.0.0.1',
    'address that the embedded broker listens on',
    text,
  ),
  mqttPort: withDefault(
    'HUMTEMP_MQTT_PORT',
    '1883',
    'port of the embedded broker; off: only those of TLS and WebSocket',
    (value) => (value === 'off' ? undefined : port(value)),
  ),
  mqttTlsPort: optional('HUMTEMP_MQTT_TLS_PORT', 'port for MQTT over TLS, usually 8883', port),
  mqttWsPort: optional('HUMTEMP_MQTT_WS_PORT', 'port for MQTT over WebSocket', port),
  mqttWssPort: optional('HUMTEMP_MQTT_WSS_PORT', 'port for MQTT over WebSocket over TLS', port),
  mqttCertFile: optional(
    'HUMTEMP_MQTT_CERT_FILE',
    'PEM file of the certificate for TLS, with those between it and its authority; read again when it changes',
    text,
  ),
  mqttKeyFile: optional('HUMTEMP_MQTT_KEY_FILE', 'PEM file of its key', text),
  mqttPasswordFile: optional(
    'HUMTEMP_MQTT_PASSWORD_FILE',
    'accounts, as mosquitto_passwd and humtemp passwd write them; read again when it changes',
    text,
  ),
  mqttAclFile: optional(
    'HUMTEMP_MQTT_ACL_FILE',
    'who may do what, as the acl_file of Mosquitto; without it an account is a lab; read again when it changes',
    text,
  ),
  mqttAllowAnonymous: withDefault(
    'HUMTEMP_MQTT_ALLOW_ANONYMOUS',
    'false',
    'without accounts, lets the embedded broker listen on other addresses than loopback; with accounts, lets clients in that name none',
    boolean,
  ),
  mqttFastLane: withDefault(
    'HUMTEMP_MQTT_FAST_LANE',
    'true',
    'lets observations go past the MQTT library of the embedded broker; same results, faster',
    boolean,
  ),
  mqttConnectionsMax: withDefault(
    'HUMTEMP_MQTT_CONNECTIONS_MAX',
    String(DEFAULT_LIMITS.connectionsMax),
    'connections to the embedded broker at a time',
    integer(1, 1_000_000),
  ),
  mqttConnectionsPerAddressMax: withDefault(
    'HUMTEMP_MQTT_CONNECTIONS_PER_ADDRESS_MAX',
    String(DEFAULT_LIMITS.connectionsPerAddressMax),
    'connections from one address at a time',
    integer(1, 1_000_000),
  ),
  mqttConnectTimeoutS: withDefault(
    'HUMTEMP_MQTT_CONNECT_TIMEOUT',
    `${DEFAULT_LIMITS.connectTimeoutMs / 1000}s`,
    'time for handshakes and a whole CONNECT',
    duration(),
  ),
  mqttConnectBytesMax: withDefault(
    'HUMTEMP_MQTT_CONNECT_BYTES_MAX',
    String(DEFAULT_LIMITS.connectBytesMax),
    'bytes of a CONNECT',
    integer(64, 1 << 20),
  ),
  mqttKeepAliveSMax: withDefault(
    'HUMTEMP_MQTT_KEEPALIVE_MAX',
    String(DEFAULT_LIMITS.keepAliveSMax),
    'longest keep-alive in seconds, which clients get that ask for a longer one or none; 0: as they ask',
    integer(0, 65_535),
  ),
  mqttTopicLevelsMax: withDefault(
    'HUMTEMP_MQTT_TOPIC_LEVELS_MAX',
    String(DEFAULT_LIMITS.topicLevelsMax),
    'levels of a topic or filter',
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
    'sessions whose client is away; beyond, the one that was away the longest goes',
    integer(0, 1_000_000),
  ),
  mqttQueueMax: withDefault(
    'HUMTEMP_MQTT_QUEUE_MAX',
    String(DEFAULT_LIMITS.queuedMessagesMax),
    'publishes that wait in one session; beyond, new ones are dropped for it',
    // Each needs a packet id while it is on its way.
    integer(1, 60_000),
  ),
  mqttQueueBytesMax: withDefault(
    'HUMTEMP_MQTT_QUEUE_BYTES_MAX',
    String(DEFAULT_LIMITS.queuedBytesMax),
    'their bytes',
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
    'their bytes',
    bytes,
  ),
  mqttSubscriberBytesMax: withDefault(
    'HUMTEMP_MQTT_SUBSCRIBER_BYTES_MAX',
    String(DEFAULT_LIMITS.subscriberBytesMax),
    'bytes that wait for a subscriber to read; beyond, it misses publishes, or is disconnected if it has a session',
    bytes,
  ),
  mqttSubscriberTimeoutS: withDefault(
    'HUMTEMP_MQTT_SUBSCRIBER_TIMEOUT',
    `${DEFAULT_LIMITS.subscriberTimeoutMs / 1000}s`,
    'how long a subscriber may take to read as much as that',
    duration(),
  ),
  mqttPublishRateMax: withDefault(
    'HUMTEMP_MQTT_PUBLISH_RATE_MAX',
    String(DEFAULT_LIMITS.publishRateMax),
    'publishes per second of one connection; beyond, it has to wait, and nothing is lost; 0: no limit',
    integer(0, 10_000_000),
  ),
} as const;
