/** A topic filter, split into its levels. */
export type FilterLevels = readonly string[];

const LEVELS_MAX = 201;
const TOPIC_BYTES_MAX = 65_535;

/** The levels of a filter that Mosquitto accepts in an acl_file; undefined for any other text. */
export function filterLevels(filter: string): FilterLevels | undefined {
  const levels = filter.split('/');
  const wellFormed = levels.every(
    (level, i) => level === '+' || (level === '#' && i === levels.length - 1) || !/[+#]/.test(level),
  );
  return filter !== '' &&
    wellFormed &&
    levels.length <= LEVELS_MAX &&
    Buffer.byteLength(filter) <= TOPIC_BYTES_MAX
    ? levels
    : undefined;
}

/**
 * Whether a filter matches a topic. `#` also matches the level above it; topics that start with $ are matched by
 * filters that start with $ only [MQTT-4.7.1-2, 4.7.2-1].
 * @param topic split into its levels; not empty.
 */
export function matchesTopic(filter: FilterLevels, topic: readonly string[]): boolean {
  if (filter[0]!.startsWith('$') !== topic[0]!.startsWith('$')) return false;
  for (const [i, level] of filter.entries()) {
    if (level === '#') return true;
    if (i === topic.length || (level !== '+' && level !== topic[i])) return false;
  }
  return filter.length === topic.length;
}
