import { type Levels, matchesTopic } from '@humtemp/bucket-core';
import type { ObservationSink, Publish } from './publish.js';
import type { Source } from './source.js';

/**
 * What the filters of a source bring besides its topics, and no other source wants: ignored, and counted as
 * that source's. Asked after all sources.
 */
export class RestOfSource {
  readonly name: string;
  /** The source subscribes to them. */
  readonly filters: readonly string[] = [];
  readonly #levels: readonly Levels[];

  constructor(source: Source) {
    this.name = source.name;
    this.#levels = source.filters.map((filter) => filter.split('/'));
  }

  match(topic: string): true | undefined {
    const levels = topic.split('/');
    return this.#levels.some((filter) => matchesTopic(filter, levels)) || undefined;
  }

  decode(_match: unknown, _publish: Publish, into: ObservationSink): void {
    into.ignore();
  }
}
