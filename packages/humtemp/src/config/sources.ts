import { type IntakeLimits, TopicFilters } from '@humtemp/intake';
import { presetNames } from '@humtemp/sources/preset-names';
import { duration, file, integer, kind, pattern } from './kinds.js';
import { optional, type ValuesOf, withDefault } from './variable.js';

/** Which topics are read, and what a payload may be. */
export const SOURCES = {
  heading: 'Topics and payloads',
  variables: {
    sources: withDefault(
      'HUMTEMP_SOURCES',
      'labs',
      'whose topics and payloads are read; labs is our own form, the others are presets of docs/devices.md',
      kind('comma-separated names', (value) => {
        const names = value.split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]));
        const known = presetNames();
        if (names.some((name) => !known.includes(name)) || names.length === 0)
          throw new RangeError(`names of ${known.join(', ')}`);
        return [...new Set(names)];
      }),
    ),
    sourcesFile: optional(
      'HUMTEMP_SOURCES_FILE',
      'YAML file of further sources, as docs/devices.md describes it; read again when it changes',
      file,
    ),
    mqttTopics: withDefault(
      'HUMTEMP_MQTT_TOPICS',
      'labs/+/observation',
      'topic filters of the source labs; what + matches, joined by /, is the lab id',
      kind('comma-separated filters', (value) => {
        const filters = value.split(',').map((filter) => filter.trim());
        // With the words of a shared subscription in front it is a text of MQTT [MQTT-1.5.3].
        if (filters.some((filter) => Buffer.byteLength(filter) > 65_000))
          throw new RangeError('topic filters of at most 65000 bytes');
        return new TopicFilters(filters);
      }),
    ),
    discoveryPrefix: optional(
      'HUMTEMP_DISCOVERY_PREFIX',
      'temperatures and humidities that devices announce to Home Assistant below this topic, as a rule homeassistant, are read',
      pattern(/^[^+#\0$][^+#\0]*$/, 'a topic without wildcards'),
    ),
    announcePrefix: optional(
      'HUMTEMP_ANNOUNCE_PREFIX',
      'labs are announced to Home Assistant below this topic, as a rule homeassistant, and their newest values published on humtemp/LAB/state',
      pattern(/^[^+#\0$][^+#\0]*$/, 'a topic without wildcards'),
    ),
    payloadBytesMax: withDefault(
      'HUMTEMP_PAYLOAD_BYTES_MAX',
      '65536',
      'longest payload of a publish or a request',
      integer(16, 1 << 28, 'bytes'),
    ),
    arrayLengthMax: withDefault(
      'HUMTEMP_ARRAY_LENGTH_MAX',
      '1000',
      'observations in one payload',
      integer(1, 1_000_000),
    ),
    futureS: withDefault(
      'HUMTEMP_FUTURE_MAX',
      '60s',
      'how far ahead of the clock a timestamp may be; beyond, the observation is rejected as future',
      duration('1d'),
    ),
    pendingMax: withDefault(
      'HUMTEMP_PENDING_MAX',
      '100000',
      'observations that wait for a commit; beyond, nothing more is read until some are committed',
      integer(1, 10_000_000),
    ),
  },
} as const;

export type SourceValues = ValuesOf<typeof SOURCES>;

export function intakeLimits(values: SourceValues): IntakeLimits {
  const { payloadBytesMax, arrayLengthMax, pendingMax, futureS } = values;
  return { payloadBytesMax, arrayLengthMax, pendingMax, futureMsMax: futureS * 1000 };
}
