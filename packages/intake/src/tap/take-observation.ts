import type { RejectionReason } from '@humtemp/bucket-core';
import type { PublishSource } from '../topics/publish-source.js';
import type { PublishFrame } from './publish-frame.js';
import type { PublishTapOptions } from './publish-tap-options.js';
import type { TapPolicy } from './tap-policy.js';

/**
 * Hands the publish of a source to intake, if the client may publish it, and a copy of it to whoever else wants one.
 * @returns the reason of the first rejection in it.
 */
export function takeObservation(
  publish: PublishFrame,
  source: PublishSource,
  { intake, sources }: PublishTapOptions,
  policy: TapPolicy | undefined,
): RejectionReason | undefined {
  // A client of a broker publishes it now; what reaches a subscriber as retained was published before.
  publish.isReplayed = publish.isRetained && policy === undefined;
  publish.labId = sources.labId;
  if (policy === undefined) return intake.take(source, sources.match, publish);
  const { rules } = policy;
  if (rules !== undefined && !rules.mayPublish(publish.topic.toString())) {
    intake.refuse(source, 'not_authorized', publish);
    return 'not_authorized';
  }
  const { match } = sources;
  if (rules !== undefined && source.labOf?.(match) === undefined)
    publish.mayCount = (lab) => rules.mayCount(lab);
  const reason = intake.take(source, match, publish);
  publish.mayCount = undefined;
  if (policy.copies.wants(publish.topic, publish.isRetained)) copy(publish, intake.receipt, policy);
  return reason;
}

function copy({ topic, payload, isRetained, qos }: PublishFrame, receipt: number, policy: TapPolicy): void {
  policy.copy({
    topic: topic.toString(),
    payload: Buffer.from(payload.toBuffer()),
    isRetained,
    receipt,
    qos: qos === 0 ? 0 : 1,
  });
}
