/** Whether a topic matches a filter [MQTT-4.7.1-2, 4.7.2-1]. @param topic split into its levels. */
export function matchesFilter(filter: string, topic: readonly string[]): boolean {
  if (topic[0]!.startsWith('$') !== filter.startsWith('$')) return false;
  const levels = filter.split('/');
  for (const [i, level] of levels.entries()) {
    if (level === '#') return true;
    if (i >= topic.length || (level !== '+' && level !== topic[i])) return false;
  }
  return levels.length === topic.length;
}

/** The filters that are needed: without those of which another one matches every topic. */
export function neededFilters(filters: readonly string[]): string[] {
  const once = [...new Set(filters)];
  return once.filter((filter) => !once.some((other) => other !== filter && covers(other, filter)));
}

function covers(one: string, other: string): boolean {
  const [levels, otherLevels] = [one.split('/'), other.split('/')];
  for (const [i, level] of levels.entries()) {
    if (level === '#') return true;
    const otherLevel = otherLevels[i];
    if (otherLevel === undefined || otherLevel === '#') return false;
    if (level !== '+' && level !== otherLevel) return false;
  }
  return levels.length === otherLevels.length;
}
