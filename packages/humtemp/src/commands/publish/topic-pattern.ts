import { TopicFilters } from '@humtemp/intake';

/**
 * The topics to publish to: a filter such as `labs/+/observation`, in which the lab id takes the place of the
 * `+`. With several of them, as in `labs/+/+/observation`, the lab id must have as many levels.
 */
export class TopicPattern {
  readonly #filters: TopicFilters;
  readonly #parts: readonly string[];

  /** @throws RangeError naming what was expected. */
  constructor(readonly pattern: string) {
    if (pattern.includes('#'))
      throw new RangeError('a topic with + for the lab id, such as labs/+/observation');
    this.#filters = new TopicFilters([pattern]);
    this.#parts = pattern.split('+');
  }

  /** The topic of a lab; undefined if nobody who subscribes to the pattern would read this lab id from it. */
  topicOf(lab: string): string | undefined {
    const places = this.#parts.length - 1;
    const levels = places === 1 ? [lab] : lab.split('/');
    if (levels.length !== places) return undefined;
    let topic = this.#parts[0]!;
    for (let i = 0; i < places; i++) topic += levels[i]! + this.#parts[i + 1]!;
    return this.#filters.labOf(topic) === lab ? topic : undefined;
  }
}
