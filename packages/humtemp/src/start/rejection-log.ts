import { REJECTION_ADVICE } from '@humtemp/bucket-core';
import type { RejectionNote, UnmatchedNote } from '@humtemp/intake';
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

/** Logs publishes on topics that no source knows: intake calls once for each pattern of topics. */
export function unmatchedLog(log: Logger): (note: UnmatchedNote) => void {
  return ({ pattern, topic }) =>
    log.warn(
      { pattern, topic },
      'not counted: a publish on a topic of no source; see HUMTEMP_MQTT_TOPICS if it is an observation. ' +
        'This is logged once for each such pattern',
    );
}
