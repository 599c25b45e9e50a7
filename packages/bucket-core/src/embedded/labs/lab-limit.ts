import { type Batch, ROW_LENGTH } from '../../store/batch.js';
import type { CommitResult } from '../../store/commit-result.js';
import type { LabBuckets } from './lab-buckets.js';

/** The rows of a batch without those of labs that are new beyond labsMax: they are counted in `result` instead. */
export function withinLimit(
  labs: LabBuckets,
  { rowsByLab }: Batch,
  result: CommitResult,
): ReadonlyMap<string, readonly number[]> {
  let room = labs.options.labsMax - labs.count;
  if (rowsByLab.size <= room) return rowsByLab;
  const accepted = new Map<string, readonly number[]>();
  for (const [lab, rows] of rowsByLab) {
    const isNew = !labs.isKnown(lab);
    if (!isNew || room > 0) accepted.set(lab, rows);
    else {
      result.tooManyLabs += rows.length / ROW_LENGTH;
      result.refusedLabs.add(lab);
    }
    if (isNew) room -= 1;
  }
  return accepted;
}
