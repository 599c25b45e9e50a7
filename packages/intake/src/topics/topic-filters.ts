import { oneLevelMatcher, type TopicMatcher } from './topic-matcher.js';

/**
 * The observation topics: MQTT filters whose wildcards name the lab. The levels that `+` and `#` match, joined by `/`,
 * are the lab id: `labs/+/+/observation` gives `floor-2/room-7`, `zigbee2mqtt/+` the device name.
 */
export class TopicFilters {
  readonly #filters: readonly (readonly string[])[];
  readonly #matcher: TopicMatcher;
  /** Without repetition: the same one again would subscribe to nothing more [MQTT-3.8.4-3]. */
  readonly filters: readonly string[];

  /** @throws RangeError naming what was expected, for a filter that is not valid MQTT or has no wildcard. */
  constructor(filters: readonly string[]) {
    if (filters.length === 0) throw new RangeError('at least one topic filter such as labs/+/observation');
    this.filters = [...new Set(filters)];
    this.#filters = this.filters.map((filter) => {
      const levels = filter.split('/');
      const wellFormed = levels.every(
        (level, i) => level === '+' || (level === '#' && i === levels.length - 1) || !/[+#]/.test(level),
      );
      if (!wellFormed || !/[+#]/.test(filter) || filter.startsWith('$'))
        throw new RangeError('topic filters whose + levels name the lab, such as labs/+/observation');
      return levels;
    });
    this.#matcher = this.#matcherOf(this.filters);
  }

  /** The lab of a topic given as bytes, as `labOf` would say. */
  labOfBytes(bytes: Buffer, start: number, end: number): string | undefined {
    return this.#matcher(bytes, start, end);
  }

  /** The text in the place of the lab id, valid or not; undefined if no filter matches the topic. */
  labOf(topic: string): string | undefined {
    // Wildcards at the first level do not match topics of the broker itself [MQTT-4.7.2-1], and no topic that is
    // published to has any [MQTT-3.3.2-2]: the MQTT library refuses it.
    if (topic.startsWith('$') || /[+#]/.test(topic)) return undefined;
    const levels = topic.split('/');
    for (const filter of this.#filters) {
      const lab = matchLevels(filter, levels);
      if (lab !== undefined) return lab;
    }
    return undefined;
  }

  /** The first two filters that some topic matches both of; undefined if there are none. */
  get overlap(): readonly [string, string] | undefined {
    for (const [i, filter] of this.#filters.entries())
      for (const [j, other] of this.#filters.slice(0, i).entries())
        if (haveTopicInCommon(other, filter)) return [this.filters[j]!, this.filters[i]!];
    return undefined;
  }

  #matcherOf(filters: readonly string[]): TopicMatcher {
    const [before, after, ...more] = filters[0]!.split('+');
    if (
      filters.length === 1 &&
      before !== undefined &&
      after !== undefined &&
      more.length === 0 &&
      !after.endsWith('#')
    )
      return oneLevelMatcher(Buffer.from(before), Buffer.from(after));
    return (bytes, start, end) => this.labOf(bytes.toString('utf8', start, end));
  }
}

function matchLevels(filter: readonly string[], topic: readonly string[]): string | undefined {
  const lab: string[] = [];
  for (let i = 0; i < filter.length; i++) {
    const level = filter[i];
    if (level === '#') return [...lab, ...topic.slice(i)].join('/');
    if (i >= topic.length) return undefined;
    if (level === '+') lab.push(topic[i]!);
    else if (level !== topic[i]) return undefined;
  }
  return filter.length === topic.length ? lab.join('/') : undefined;
}

/** Whether a topic matches both filters, given by their levels. */
function haveTopicInCommon(one: readonly string[], other: readonly string[]): boolean {
  for (let i = 0; ; i++) {
    const [level, otherLevel] = [one[i], other[i]];
    // It also stands for no level at all: a/# matches a [MQTT-4.7.1-2].
    if (level === '#' || otherLevel === '#') return true;
    if (level === undefined || otherLevel === undefined) return level === otherLevel;
    if (level !== '+' && otherLevel !== '+' && level !== otherLevel) return false;
  }
}
