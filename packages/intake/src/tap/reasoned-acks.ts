import { REJECTION_ADVICE, type RejectionReason } from '@humtemp/bucket-core';
import { AckCode, ackFrame, PUBACK } from './ack-frame.js';
import type { Settling } from './pending-acks.js';

/** What an acknowledgement of MQTT 5 says besides that it is one. */
export interface AckReason {
  /** From 0x80 on the publish was refused. */
  readonly code: number;
  readonly text: string | undefined;
}

/** A publish that awaits its acknowledgement. */
interface Pending {
  readonly receipt: number;
  readonly packetId: number;
  reason: AckReason | undefined;
  /** The lab that its topic names, which the store may have no room for. */
  readonly lab: string | undefined;
}

const REASON_OF: Partial<Record<RejectionReason, number>> = {
  not_authorized: AckCode.notAuthorized,
  too_many_labs: AckCode.quotaExceeded,
};

/**
 * What the acknowledgement of a rejected publish says, in the words of the list of rejections.
 * @param isInPart whether something of it counts: to send it again would be wrong.
 */
export function ackReason(reason: RejectionReason, isInPart = false): AckReason {
  const text = `${reason}: ${REJECTION_ADVICE[reason]}`;
  if (isInPart) return { code: AckCode.success, text: `in part: ${text}` };
  return { code: REASON_OF[reason] ?? AckCode.payloadInvalid, text };
}

/**
 * As `PendingAcks`, of a connection that speaks MQTT 5: each PUBACK may say why the publish does not count.
 */
export class ReasonedAcks {
  #pending: Pending[] = [];

  /**
   * @param bytesMax a longer PUBACK goes without its text; 0: all do [MQTT-3.4.2-2].
   * @param room how many publishes there is room for besides those that go another way. May be below 0.
   */
  constructor(
    readonly bytesMax: number,
    readonly room: () => number,
  ) {}

  /** When more await their acknowledgement, nothing more should be read; where none does, something always may. */
  get countMax(): number {
    return Math.max(0, this.room());
  }

  get count(): number {
    return this.#pending.length;
  }

  /** @returns whether the publish before it has another receipt. */
  add(receipt: number, packetId: number, reason: AckReason | undefined, lab: string | undefined): boolean {
    const isFirst = this.#pending.at(-1)?.receipt !== receipt;
    this.#pending.push({ receipt, packetId, reason, lab });
    return isFirst;
  }

  /**
   * PUBACK frames for everything in front of the first that is not settled, or undefined if there is nothing.
   * @param refusedLabs the labs that the store had no room for.
   */
  takeSettled(settling: Settling, refusedLabs: ReadonlySet<string>): Buffer | undefined {
    const pending = this.#pending;
    // Also of those that wait for others in front of them: they are said only once.
    if (refusedLabs.size > 0)
      for (const one of pending)
        if (one.lab !== undefined && refusedLabs.has(one.lab) && settling.isSettled(one.receipt))
          one.reason ??= ackReason('too_many_labs');
    let settled = 0;
    while (settled < pending.length && settling.isSettled(pending[settled]!.receipt)) settled += 1;
    if (settled === 0) return undefined;
    const frames = pending
      .slice(0, settled)
      .map(({ packetId, reason }) =>
        ackFrame(PUBACK, packetId, reason?.code ?? AckCode.success, reason?.text, this.bytesMax),
      );
    this.#pending = pending.slice(settled);
    return Buffer.concat(frames);
  }

  clear(): void {
    this.#pending = [];
  }
}
