import type { RejectionReason } from '@humtemp/bucket-core';

/** One publish, where it stands within other bytes: good until the call returns that it is given to. */
export interface Publish {
  readonly topic: { toString(): string };
  readonly payload: { readonly bytes: Buffer; readonly start: number; readonly end: number };
  /** A broker had kept it, and delivers it again to a new subscriber: it was not published now. */
  readonly isReplayed: boolean;
  /** A wrong metric takes the other one with it: for a sender that gets an answer, and can send it again. */
  readonly mustBeWhole?: boolean;
}

/** Where a source says what a publish was. */
export interface ObservationSink {
  /** When the publish came, Unix milliseconds. */
  readonly receivedMs: number;
  /** Observations of one publish that are taken. */
  readonly arrayLengthMax: number;
  /**
   * One observation.
   * @param timestampMs when it was measured, Unix milliseconds; undefined: at receipt.
   * @param temp thousandths of a °C, or ABSENT. @param humidity thousandths of a %RH, or ABSENT.
   * @returns whether it is taken; if not, its rejection is counted.
   */
  observation(
    lab: string,
    timestampMs: number | undefined,
    temp: number,
    humidity: number,
    sensor: string,
  ): boolean;
  /** The publish, or one element of it, was no observation. */
  reject(reason: RejectionReason): void;
  /** One metric was wrong, and the observation counts without it. */
  rejectMetric(metric: 'temp' | 'humidity'): void;
  /** The source knows this publish and does not want it. */
  ignore(): void;
}
