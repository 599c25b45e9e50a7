/**
 * Why a tap reads no more for the moment. The first seven say that somebody has sent more than is taken; the
 * others that nothing may come now.
 */
export const PAUSE_REASONS = [
  'intake is full',
  'as many publishes as may be in flight await their acknowledgement',
  'the client publishes too fast',
  'copies for subscribers wait',
  'it is not its turn',
  'the endpoint is full',
  'the output is full',
  'the client is not accepted yet',
  'reading has stopped',
] as const;

export type PauseReason = (typeof PAUSE_REASONS)[number];

/** Those for which the other side, by what it sent, is to blame, and not by what it does not read. */
const OF_WHAT_WAS_SENT: ReadonlySet<PauseReason> = new Set([
  'intake is full',
  'as many publishes as may be in flight await their acknowledgement',
  'the client publishes too fast',
  'copies for subscribers wait',
  'it is not its turn',
]);

export function isOfWhatWasSent(reason: PauseReason | undefined): boolean {
  return reason !== undefined && OF_WHAT_WAS_SENT.has(reason);
}
