import { lastMs } from '@humtemp/bucket-core';
import type { LabDirectory } from '../rooms/lab-directory.js';
import type { LatestOfLab } from './lab-status.js';

/**
 * Whether a lab stands in lists without being named: the labs file has it, or it was heard of not too long ago. A device that was
 * taken away would otherwise be in trouble for as long as its oldest buckets are kept.
 */
export function isListedNow(
  { newest }: LatestOfLab,
  directory: LabDirectory,
  listedS: number,
  nowMs: number,
): boolean {
  return nowMs - lastMs(newest.aggregate) <= listedS * 1000 || directory.isListed(newest.lab);
}
