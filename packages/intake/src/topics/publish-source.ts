import type { RejectionReason } from '@humtemp/bucket-core';
import type { PayloadSlice } from '../counting/payload-slice.js';

/**
 * What a set of topics and their bytes mean: observations, publishes that are not for us, or rejections.
 * Intake asks a source once for each publish. It has no state of its own that a publish could break, and
 * reads no clock.
 */
export interface PublishSource {
  /** Names it in counters, logs and the configuration. */
  readonly name: string;
  /** MQTT topic filters that bring all its topics; what they bring besides is left to other sources. */
  readonly filters: readonly string[];
  /**
   * What the topic says, for `decode`; undefined if the topic is none of this source. A topic is remembered
   * with its answer, so the answer must depend on nothing else.
   */
  match(topic: string): unknown;
  /** The lab that the topic names, for access rules by lab; undefined if the payload names it. */
  labOf?(match: unknown): string | undefined;
  /** Reads one publish, and says in `into` what it was. Whatever the payload holds, it does not throw. */
  decode(match: unknown, publish: Publish, into: ObservationSink): void;
}

/** One publish, where it stands within other bytes: good until the call returns that it is given to. */
export interface Publish {
  /** Made a text only when somebody asks for it. */
  readonly topic: { toString(): string };
  readonly payload: PayloadSlice;
  /** The lab that the topic names, if that is known to be a lab id. */
  readonly labId?: string | undefined;
  /** A broker had kept it, and delivers it again to a new subscriber: it was not published now. */
  readonly isReplayed: boolean;
  /** When it came, Unix milliseconds; undefined: now. */
  readonly receivedMs?: number | undefined;
  /** A wrong metric takes the other one with it: for a sender that gets an answer, and can send it again. */
  readonly mustBeWhole?: boolean;
  /**
   * Whether the sender may publish observations of a lab. Undefined: it may, or the topic was enough to say
   * so.
   */
  readonly mayCount?: ((lab: string) => boolean) | undefined;
}

/**
 * Where a source says what a publish was. A source that says nothing of one has rejected it as `no_value`.
 */
export interface ObservationSink {
  /** When the publish came, Unix milliseconds: what expired and future are measured by. */
  readonly receivedMs: number;
  /** Elements of one array that are taken. */
  readonly arrayLengthMax: number;
  /**
   * One observation; checked here: lab id, ranges, time.
   * @param timestampMs when it was measured, Unix milliseconds; undefined: at receipt, and then there is
   * nothing to
   *     deduplicate by.
   * @param temp thousandths of a °C, or ABSENT. @param humidity thousandths of a %RH, or ABSENT.
   * @returns whether it awaits its commit; if not, its rejection is counted.
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
