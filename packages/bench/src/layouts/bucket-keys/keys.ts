import { labPartition as partitionOf256 } from '@humtemp/bucket-core';

/** This layout has 16 partitions. */
export const LAB_PARTITIONS = 16;

export function labPartition(lab: string): number {
  return partitionOf256(lab) % LAB_PARTITIONS;
}

/**
 * Every Redis key is spelled here. `{lab}` is the cluster hash tag: all keys of a lab lie in one slot. A lab id has
 * no braces, no colon and no blank, so keys cannot be confused.
 */
export class Keys {
  constructor(readonly prefix: string) {}

  /** String: one packed aggregate. Expires with the bucket. */
  bucket(lab: string, durationS: number, startS: number): string {
    return `${this.prefix}bucket:{${lab}}:${durationS}:${startS}`;
  }

  /** Set of integers: identities of the observations of one hour (whole hours since 1970). */
  seen(lab: string, hour: number): string {
    return `${this.prefix}seen:{${lab}}:${hour}`;
  }

  /** Set: the labs of an index partition that have a bucket. Expires with the bucket. */
  labsOfBucket(partition: number, durationS: number, startS: number): string {
    return `${this.prefix}labs:${partition}:${durationS}:${startS}`;
  }

  /**
   * Sorted set: the labs of an index partition by a time in Unix seconds. A lab's newest observation is not before it, and
   * in the same bucket of every resolution.
   */
  labs(partition: number): string {
    return `${this.prefix}labs:${partition}`;
  }

  labsOf(lab: string): string {
    return this.labs(labPartition(lab));
  }
}
