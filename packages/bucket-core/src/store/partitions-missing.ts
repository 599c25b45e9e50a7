import { LAB_PARTITIONS } from '../observation/lab-id.js';

/** Some partitions of labs are out of reach, and so what was asked for cannot be given as a whole. */
export class PartitionsMissing extends Error {
  override readonly name = 'PartitionsMissing';

  constructor(
    /** Numbers of the partitions, rising. */
    readonly partitions: readonly number[],
    /** The servers that have them, and why they are out of reach. */
    reason: string,
  ) {
    super(`${describeMissing(partitions)}: ${reason}`);
  }
}

/** `86 of 256 partitions of labs are out of reach`. */
export function describeMissing(partitions: readonly number[]): string {
  const verb = partitions.length === 1 ? 'is' : 'are';
  return `${partitions.length} of ${LAB_PARTITIONS} partitions of labs ${verb} out of reach`;
}
