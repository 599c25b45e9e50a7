import { filterLevels, hasWildcard, type Levels, matchedByWildcards, overlapOf } from '@humtemp/bucket-core';
import { OneLevelMatcher, type TopicMatcher } from './topic-matcher.js';

/**
 * The observation topics: MQTT filters whose wildcards name the lab. The levels that `+` and `#` match,
 * joined by `/`, are the lab id: `labs/+/+/observation` gives `floor-2/room-7`, `zigbee2mqtt/+` the device
 * name.
 */
export class TopicFilters {
  readonly #filters: readonly Levels[];
  readonly #matcher: TopicMatcher;
  /** Without repetition: the same one again would subscribe to nothing more [MQTT-3.8.4-3]. */
  readonly filters: readonly string[];

  /** @throws RangeError naming what was expected, for a filter that is not valid MQTT or has no wildcard. */
  constructor(filters: readonly string[]) {
    if (filters.length === 0) throw new RangeError('at least one topic filter such as labs/+/observation');
    this.filters = [...new Set(filters)];
    this.#filters = this.filters.map((filter) => {
      const levels = filterLevels(filter);
      if (levels === undefined || !hasWildcard(filter) || filter.startsWith('$'))
        throw new RangeError('topic filters whose + levels name the lab, such as labs/+/observation');
      return levels;
    });
    this.#matcher = this.#matcherOf(this.filters);
  }

  /** The lab of a topic given as bytes, as `labOf` would say. */
  labOfBytes(bytes: Buffer, start: number, end: number): string | undefined {
    return this.#matcher.labOf(bytes, start, end);
  }

  /** Whether the lab that was found last in bytes is known to be a lab id. */
  get isLabId(): boolean {
    return this.#matcher.isLabId;
  }

  /** The text in the place of the lab id, valid or not; undefined if no filter matches the topic. */
  labOf(topic: string): string | undefined {
    // No topic that is published to has wildcards [MQTT-3.3.2-2]: the MQTT library refuses it.
    if (hasWildcard(topic)) return undefined;
    const levels = topic.split('/');
    for (const filter of this.#filters) {
      const lab = matchedByWildcards(filter, levels);
      if (lab !== undefined) return lab;
    }
    return undefined;
  }

  /** The first two filters that some topic matches both of; undefined if there are none. */
  get overlap(): readonly [string, string] | undefined {
    return overlapOf(this.filters);
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
      return new OneLevelMatcher(Buffer.from(before), Buffer.from(after));
    return { labOf: (bytes, start, end) => this.labOf(bytes.toString('utf8', start, end)), isLabId: false };
  }
}
