import { hostname } from 'node:os';
import { parseAlignmentS } from '@humtemp/bucket-core';
import { TopicFilters } from '@humtemp/intake';
import { BROKER_VARIABLES } from './broker-variables.js';
import { BUCKET_DURATION_S_MAX, BUCKET_RETENTION_MAX, rollups } from './rollups.js';
import { mqttUrl, REDIS_DB_MAX, redisUrl, urlHost, withoutPassword } from './url.js';
import {
  boolean,
  duration,
  integer,
  optional,
  origins,
  pattern,
  text,
  type Variable,
  withDefault,
} from './variable.js';

type Values<Variables> = {
  readonly [Key in keyof Variables]: Variables[Key] extends Variable<infer T>
    ? Variables[Key] extends { readonly default: string }
      ? T
      : T | undefined
    : never;
};

/** What the variables say. */
export type VariableValues = Values<typeof VARIABLES>;

/** Every variable there is. Nothing else reads the environment. */
export const VARIABLES = {
  ...BROKER_VARIABLES,
  mqttUrl: optional(
    'HUMTEMP_MQTT_URL',
    'external broker to subscribe to, mqtt:// or mqtts:// with user and password; start then runs no broker itself',
    mqttUrl,
    withoutPassword,
  ),
  mqttVersion: withDefault(
    'HUMTEMP_MQTT_VERSION',
    '5',
    'MQTT version to speak with the external broker: 5 gives way to 3.1.1 where the broker does not speak it',
    (value) => {
      if (value !== '5' && value !== '3.1.1') throw new RangeError('5 or 3.1.1');
      return value === '5' ? 5 : 4;
    },
  ),
  mqttAdoptAfterS: withDefault(
    'HUMTEMP_MQTT_ADOPT_AFTER',
    '30s',
    'a session that its worker has not served for this long is emptied by another worker of the group',
    duration(),
  ),
  mqttCaFile: optional(
    'HUMTEMP_MQTT_CA_FILE',
    'PEM file of the authorities to trust for mqtts://, instead of those of the system',
    text,
  ),
  mqttKeepAliveS: withDefault(
    'HUMTEMP_MQTT_KEEPALIVE',
    '30s',
    'silence after which the external broker and we take each other for gone, up to 65535s',
    // Of two bytes [MQTT-3.1.2-10].
    duration('65535s'),
  ),
  mqttTopics: withDefault(
    'HUMTEMP_MQTT_TOPICS',
    'labs/+/observation',
    'comma-separated topic filters; what + matches, joined by /, is the lab id',
    (value) => {
      const filters = value.split(',').map((filter) => filter.trim());
      // With the words of a shared subscription in front it is a text of MQTT [MQTT-1.5.3].
      if (filters.some((filter) => Buffer.byteLength(filter) > 65_000))
        throw new RangeError('topic filters of at most 65000 bytes');
      return new TopicFilters(filters);
    },
  ),
  mqttClientId: withDefault(
    'HUMTEMP_MQTT_CLIENT_ID',
    `humtemp-${hostname()}`,
    'names the session of this worker at the external broker: stable, and different for each worker',
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
    'how long the external broker keeps the session of an absent worker, up to 7101w',
    // Of four bytes, of which the highest number is not a duration: never (MQTT 5, 3.1.2.11.2).
    duration('7101w'),
  ),
  apiHost: withDefault('HUMTEMP_API_HOST', '127.0.0.1', 'address that the API listens on', text),
  apiPort: withDefault('HUMTEMP_API_PORT', '8000', 'port of the API', integer(0, 65_535)),
  apiTokensFile: optional(
    'HUMTEMP_API_TOKENS_FILE',
    'who may use the API, as humtemp token writes it; read again when it changes',
    text,
  ),
  apiCorsOrigins: withDefault(
    'HUMTEMP_API_CORS_ORIGINS',
    '',
    'comma-separated origins whose pages may read the API from a browser; * for all',
    origins,
  ),
  apiStreamsMax: withDefault(
    'HUMTEMP_API_STREAMS_MAX',
    '1000',
    'live streams open at a time',
    integer(0, 100_000),
  ),
  metricsLabsMax: withDefault(
    'HUMTEMP_METRICS_LABS_MAX',
    '1000',
    'labs that /metrics/labs shows',
    integer(0, 1_000_000),
  ),
  apiAllowAnonymous: withDefault(
    'HUMTEMP_API_ALLOW_ANONYMOUS',
    'false',
    'lets the API listen on other addresses than loopback, open to everybody',
    boolean,
  ),
  redisUrl: optional(
    'HUMTEMP_REDIS_URL',
    'Redis to keep buckets in, redis:// or rediss://',
    redisUrl,
    withoutPassword,
  ),
  redisHost: optional('HUMTEMP_REDIS_HOST', 'host of Redis, where no URL is given', urlHost, withoutPassword),
  redisPort: withDefault(
    'HUMTEMP_REDIS_PORT',
    '6379',
    'port of Redis, where no URL is given',
    integer(1, 65_535),
  ),
  redisDb: withDefault(
    'HUMTEMP_REDIS_DB',
    '0',
    'database of Redis, where no URL is given',
    integer(0, REDIS_DB_MAX),
  ),
  redisPrefix: withDefault(
    'HUMTEMP_REDIS_PREFIX',
    '',
    'in front of every key',
    pattern(/^[^{}\s]*$/, 'no braces or blanks'),
  ),
  redisTimeoutS: withDefault(
    'HUMTEMP_REDIS_TIMEOUT',
    '5s',
    'how long Redis may take to answer before the connection is made anew',
    duration(),
  ),
  dataDir: withDefault(
    'HUMTEMP_DATA_DIR',
    './humtemp-data',
    'folder of the embedded store, used without Redis',
    text,
  ),
  bucketAlignmentS: withDefault(
    'HUMTEMP_BUCKET_OFFSET',
    '1970-01-01T00:00:00+00:00',
    'a time at which a bucket starts; ISO 8601 with a zone',
    parseAlignmentS,
  ),
  bucketDurationS: withDefault(
    'HUMTEMP_BUCKET_DURATION',
    '86400',
    'length of a bucket, in seconds',
    integer(1, BUCKET_DURATION_S_MAX),
  ),
  bucketRetention: withDefault(
    'HUMTEMP_BUCKET_RETENTION',
    '2',
    'buckets kept, the current one included',
    integer(1, BUCKET_RETENTION_MAX),
  ),
  rollups: withDefault(
    'HUMTEMP_ROLLUPS',
    '5m:1d,1h:7d',
    'further resolutions, duration:retention; empty for none',
    rollups,
  ),
  deduplicationHorizonS: optional(
    'HUMTEMP_DEDUPLICATION_HORIZON',
    'how long an observation is remembered, to count it once, up to 366d; default: the longest retention, up to 2d; 0: off',
    (value) => (value.trim() === '0' ? 0 : duration('366d')(value)),
  ),
  expectedIntervalS: withDefault(
    'HUMTEMP_EXPECTED_INTERVAL',
    '30s',
    'how often a lab should report, up to 366d; silent for three times as long, it is stale',
    duration('366d'),
  ),
  labsMax: withDefault(
    'HUMTEMP_LABS_MAX',
    '1000000',
    'labs; observations of further ones are rejected',
    integer(1, 1e9),
  ),
  payloadBytesMax: withDefault(
    'HUMTEMP_PAYLOAD_BYTES_MAX',
    '65536',
    'bytes of one payload',
    integer(16, 1 << 28),
  ),
  arrayLengthMax: withDefault(
    'HUMTEMP_ARRAY_LENGTH_MAX',
    '1000',
    'observations in one payload',
    integer(1, 1_000_000),
  ),
  pendingMax: withDefault(
    'HUMTEMP_PENDING_MAX',
    '100000',
    'observations in flight before reading stops',
    integer(1, 10_000_000),
  ),
  rejectionsMax: withDefault(
    'HUMTEMP_REJECTIONS_MAX',
    '1000',
    'newest rejections that are kept; 0: they are only counted',
    integer(0, 1_000_000),
  ),
  stopGraceS: withDefault('HUMTEMP_STOP_GRACE', '10s', 'time for the last commits when stopping', duration()),
  logLevel: withDefault(
    'HUMTEMP_LOG_LEVEL',
    'info',
    'error, warn, info or debug',
    pattern(/^(error|warn|info|debug)$/, 'error, warn, info or debug'),
  ),
} as const;
