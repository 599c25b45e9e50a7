import { REJECTION_ADVICE } from '@humtemp/bucket-core';
import type { RejectionNote } from '@humtemp/intake';
import type { Logger } from 'pino';

/** Logs what was rejected: intake calls once for each source, reason and minute. */
export function rejectionLog(log: Logger): (note: RejectionNote) => void {
  return ({ source, reason, isMetric, count, topic }) => {
    const what = isMetric ? 'counted without a metric that is wrong' : 'rejected';
    log.warn(
      { source, reason, count, ...(topic !== '' && { topic }) },
      `${what}: ${REJECTION_ADVICE[reason]}; GET /rejections lists the newest`,
    );
  };
}
