import type { Aggregate, LabBucket } from '@humtemp/bucket-core';

/** The aggregates of a reading of some labs, by lab. */
export async function aggregatesByLab(
  pages: AsyncIterable<readonly LabBucket[]>,
): Promise<ReadonlyMap<string, Aggregate>> {
  const aggregates = new Map<string, Aggregate>();
  for await (const page of pages) for (const { lab, aggregate } of page) aggregates.set(lab, aggregate);
  return aggregates;
}
