import { LAB_PARTITIONS, labPartition } from '../observation/lab-id.js';

/**
 * Every Redis key is spelled here. All keys of a partition share the hash tag `{partition}`, so that they lie in one slot
 * of a cluster. A lab id has no braces, no colon and no blank, so keys cannot be confused.
 */
export class Keys {
  readonly #tags: readonly string[];

  constructor(readonly prefix: string) {
    this.#tags = Array.from({ length: LAB_PARTITIONS }, (_, partition) => `${prefix}{${partition}}:`);
  }

  #of(lab: string): string {
    return this.#tags[labPartition(lab)]!;
  }

  /** String: a lab's newest buckets and observations (pages/head.ts). Expires with the last bucket of its newest observation. */
  head(lab: string): string {
    return `${this.#of(lab)}lab:${lab}`;
  }

  /** String: what a lab observed in six hours (pages/raw-page.ts). Expires with the deduplication horizon. */
  rawPage(lab: string, page: number): string {
    return `${this.#of(lab)}raw:${lab}:${page}`;
  }

  /** String: 24 closed buckets of a lab (pages/aggregate-page.ts). Expires with the last of them. */
  aggregatePage(lab: string, durationS: number, pageStartS: number): string {
    return `${this.#of(lab)}agg:${lab}:${durationS}:${pageStartS}`;
  }

  /**
   * Sorted set: the labs of a partition by a time in Unix seconds. A lab's newest observation is not before it, and in the
   * same bucket of the longest-lived resolution.
   */
  labs(partition: number): string {
    return `${this.#tags[partition]}labs`;
  }

  /** Sorted set: the same labs, in the order of their names. */
  names(partition: number): string {
    return `${this.#tags[partition]}names`;
  }

  /** String: the last call of a process' commit in which this partition came first, and its answer. Expires after an hour. */
  done(partition: number, instance: string, number: number): string {
    return `${this.#tags[partition]}done:${instance}:${number}`;
  }

  /** Hash: what the store counted, by process, packed. */
  counts(partition: number): string {
    return `${this.#tags[partition]}counts`;
  }

  /** What stands in front of the number of a partition, for scripts that go through all of them. */
  partitions(): string {
    return `${this.prefix}{`;
  }

  /** Where an unreadable value is kept for a while. */
  aside(key: string): string {
    return `${key}:aside`;
  }

  /** Sorted set of the first layout: the labs of a partition. */
  earlierLabs(partition: number): string {
    return `${this.prefix}labs:${partition}`;
  }

  /** String: layout and number of partitions. */
  layout(): string {
    return `${this.prefix}layout`;
  }

  /** What is written and removed again to see what a user of Redis may do. */
  probe(): string {
    return `${this.#tags[0]}probe`;
  }

  /** List: the newest rejections as JSON, newest first. */
  rejections(): string {
    return `${this.prefix}rejections`;
  }

  /** List: the newest faults as JSON, newest first. */
  faults(): string {
    return `${this.prefix}faults`;
  }

  /** Hash: what each process last reported, as JSON. */
  ledgers(): string {
    return `${this.prefix}ledgers`;
  }

  /** Hash: MQTT sessions that workers have served, and what these wrote about them. */
  sessions(): string {
    return `${this.prefix}sessions`;
  }

  /** String: the process that serves that session; expires unless it is touched again. */
  sessionOwner(name: string): string {
    return `${this.prefix}session:${name}`;
  }
}
