import type { BucketStore } from '@humtemp/bucket-core';

/** What of an intake matters here. */
export interface IntakeState {
  /** Why the last commit failed. */
  readonly commitFailure: string | undefined;
  /** When the oldest observation came that awaits its commit, Unix milliseconds. */
  readonly oldestUncommittedMs: number | undefined;
}

/** An observation that has waited for longer shows that commits do not get through. */
const UNCOMMITTED_MS_MAX = 30_000;

/** Why a process that counts observations cannot do so now; empty when it can. */
export async function readinessReasons(
  store: Pick<BucketStore, 'ping' | 'health'>,
  intake: IntakeState,
  nowMs: number,
): Promise<string[]> {
  const reasons: string[] = [];
  await store.ping().catch((error: Error) => reasons.push(error.message));
  if (intake.commitFailure !== undefined) reasons.push(`commits fail: ${intake.commitFailure}`);
  const waitedMs = nowMs - (intake.oldestUncommittedMs ?? nowMs);
  if (waitedMs > UNCOMMITTED_MS_MAX)
    reasons.push(`an observation has waited ${Math.floor(waitedMs / 1000)} s for its commit`);
  return reasons;
}
