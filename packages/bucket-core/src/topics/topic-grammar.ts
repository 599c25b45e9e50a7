/** The levels of a topic or of a topic filter, between its slashes. */
export type Levels = readonly string[];

/**
 * The levels of a topic filter [MQTT-4.7.1]: `+` stands for one level, `#` at the end for all that follow.
 * Undefined for a text that is no filter.
 */
export function filterLevels(filter: string): Levels | undefined {
  if (filter === '') return undefined;
  const levels = filter.split('/');
  const wellFormed = levels.every(
    (level, i) => level === '+' || (level === '#' && i === levels.length - 1) || !/[+#]/.test(level),
  );
  return wellFormed ? levels : undefined;
}

/** Whether a filter has a wildcard. */
export function hasWildcard(filter: string): boolean {
  return /[+#]/.test(filter);
}

/**
 * Whether a filter matches a topic. `#` also matches the level above it; topics that start with $ are matched
 * by filters that start with $ only [MQTT-4.7.1-2, 4.7.2-1].
 * @param topic split into its levels; not empty.
 */
export function matchesTopic(filter: Levels, topic: Levels): boolean {
  if (filter[0]!.startsWith('$') !== topic[0]!.startsWith('$')) return false;
  for (const [i, level] of filter.entries()) {
    if (level === '#') return true;
    if (i === topic.length || (level !== '+' && level !== topic[i])) return false;
  }
  return filter.length === topic.length;
}

/** What the wildcards of a filter match, joined by `/`; undefined if it does not match the topic. */
export function matchedByWildcards(filter: Levels, topic: Levels): string | undefined {
  if (!matchesTopic(filter, topic)) return undefined;
  const matched = topic.filter((_, i) => filter[i] === '+' || i >= filter.length || filter[i] === '#');
  return matched.join('/');
}

/** Whether a topic matches both filters. */
export function haveTopicInCommon(one: Levels, other: Levels): boolean {
  for (let i = 0; ; i++) {
    const [level, otherLevel] = [one[i], other[i]];
    // It also stands for no level at all: a/# matches a [MQTT-4.7.1-2].
    if (level === '#' || otherLevel === '#') return true;
    if (level === undefined || otherLevel === undefined) return level === otherLevel;
    if (level !== '+' && otherLevel !== '+' && level !== otherLevel) return false;
  }
}

/**
 * The first two of some filters that have a topic in common: a broker may deliver one publish for each of
 * them.
 */
export function overlapOf(filters: readonly string[]): readonly [string, string] | undefined {
  const levels = filters.map((filter) => filter.split('/'));
  for (const [i, filter] of levels.entries())
    for (const [j, other] of levels.slice(0, i).entries())
      if (haveTopicInCommon(other, filter)) return [filters[j]!, filters[i]!];
  return undefined;
}

/** Whether a filter matches every topic that the other one matches. */
export function covers(filter: Levels, other: Levels): boolean {
  for (let i = 0; ; i++) {
    if (filter[i] === '#') return true;
    if (i === filter.length || i === other.length) return filter.length === other.length;
    if (other[i] === '#' || (filter[i] !== '+' && filter[i] !== other[i])) return false;
  }
}

/** Of some filters those that bring all topics: each once, and none that another one covers. */
export function withoutCovered(filters: readonly string[]): readonly string[] {
  const unique = [...new Set(filters)];
  const levels = unique.map((filter) => filter.split('/'));
  return unique.filter((_, i) => !levels.some((one, j) => j !== i && covers(one, levels[i]!)));
}
