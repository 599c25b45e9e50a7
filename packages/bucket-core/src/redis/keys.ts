import { LAB_PARTITIONS, labPartition } from '../observation/lab-id.js';

/** The place of what belongs to no lab: layout, lists, ledgers, sessions. Places before it are partitions. */
export const BOOKS = LAB_PARTITIONS;

/** Every place: its keys are together on one server, in one slot of a cluster. */
export const PLACES: readonly number[] = Array.from({ length: LAB_PARTITIONS + 1 }, (_, place) => place);

/** Partitions of the first layout. */
export const EARLIER_PARTITIONS = 16;

/** Every partition of labs. */
export const PARTITIONS: readonly number[] = PLACES.slice(0, LAB_PARTITIONS);

/** The hash tag of a place, without braces. */
export function tagOf(place: number): string {
  return place === BOOKS ? 'books' : String(place);
}

/**
 * Every Redis key is spelled here. All keys of a partition share the hash tag `{partition}`, and those of no lab the tag
 * `{books}`, so that each of these places lies in one slot of a cluster. Nothing but a tag has braces, so keys cannot be
 * confused.
 */
export class Keys {
  readonly #tags: readonly string[];
  /** Whether every key is: names of labs are. */
  readonly isAscii: boolean;

  constructor(readonly prefix: string) {
    this.isAscii = Buffer.byteLength(prefix) === prefix.length;
    this.#tags = PLACES.map((place) => `${prefix}{${tagOf(place)}}:`);
  }

  /** The place of a key that is spelled here. */
  placeOf(key: string): number {
    const at = this.prefix.length + 1;
    return key.startsWith('books}', at) ? BOOKS : Number.parseInt(key.slice(at, at + 3), 10);
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

  /** Sorted set: the labs with observations that pages lack though they are as old as what pages have (scripts/late.lua). */
  late(partition: number): string {
    return `${this.#tags[partition]}late`;
  }

  /** What stands in front of the name of a lab in the key of its head. */
  beforeLab(partition: number): string {
    return `${this.#tags[partition]}lab:`;
  }

  /** String: the last call of a process' commit in which this partition came first, and its answer. Expires after an hour. */
  done(partition: number, instance: string, number: number): string {
    return `${this.#tags[partition]}done:${instance}:${number}`;
  }

  /** Hash: what the store counted, by process, packed. */
  counts(partition: number): string {
    return `${this.#tags[partition]}counts`;
  }

  /** What stands in front of the number of a partition, for the script that counts the labs of one server. */
  beforePartition(): string {
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

  /** String of the first layout: one packed aggregate. */
  earlierBucket(lab: string, durationS: number, startS: number): string {
    return `${this.prefix}bucket:{${lab}}:${durationS}:${startS}`;
  }

  get #books(): string {
    return this.#tags[BOOKS]!;
  }

  /** String: layout, number of partitions and, if there are several, all servers. */
  layout(): string {
    return `${this.#books}layout`;
  }

  /** Hash: of places that were moved between independent servers, which server has them. Each server has one. */
  places(): string {
    return `${this.#books}places`;
  }

  /** String: another after each change of what a server has, by its own `places`. */
  stamp(): string {
    return `${this.#books}stamp`;
  }

  /** String: which attempt to move a place to this server may put keys here, and whether all of it has arrived. */
  incoming(place: number): string {
    return `${this.#tags[place]}incoming`;
  }

  /** What is written and removed again to see what a user of Redis may do. */
  probe(place: number): string {
    return `${this.#tags[place]}probe`;
  }

  /** String: the process that admits new labs now; expires soon. */
  admission(): string {
    return `${this.#books}admission`;
  }

  /** List: the newest rejections as JSON, newest first. */
  rejections(): string {
    return `${this.#books}rejections`;
  }

  /** String: a text that a process has shared, behind the 64 digits of its SHA-256. Expires unless it is shared again. */
  shared(name: string): string {
    return `${this.#books}shared:${name}`;
  }

  /** List: the newest faults as JSON, newest first. */
  faults(): string {
    return `${this.#books}faults`;
  }

  /** Hash: what each process last reported, as JSON. */
  ledgers(): string {
    return `${this.#books}ledgers`;
  }

  /** Hash: MQTT sessions that workers have served, and what these wrote about them. */
  sessions(): string {
    return `${this.#books}sessions`;
  }

  /** String: the process that serves that session; expires unless it is touched again. */
  sessionOwner(name: string): string {
    return `${this.#books}session:${name}`;
  }
}
