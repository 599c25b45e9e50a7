import {
  ABSENT,
  type BucketGrid,
  isHumidityFixed,
  isLabId,
  isTempFixed,
  oldestLiveMs,
  type RejectionReason,
  receiptTag,
  sensorTag,
  timeRejection,
} from '@humtemp/bucket-core';
import type { ObservationSink, Publish } from '../topics/publish-source.js';
import type { CommitLanes } from './commit-lanes.js';
import type { Ledger } from './ledger.js';
import type { SourceTally } from './source-tally.js';

export interface ReceivingLimits {
  readonly arrayLengthMax: number;
  /** How far ahead of the clock a timestamp may be, milliseconds. */
  readonly futureMsMax: number;
}

const LAB_IDS_REMEMBERED = 8192;
/** How far the last of them may lie behind the time of receipt. */
const APART_MS_MAX = 999;

/**
 * Takes what a source says of the publish at hand: checks observations and adds them to the batch, counts and
 * lists what is none. One object serves all publishes.
 */
export class Receiving implements ObservationSink {
  receivedMs = 0;
  readonly arrayLengthMax: number;
  #publish!: Publish;
  #tally!: SourceTally;
  /** The reason of the first rejection. */
  #first: RejectionReason | undefined;
  /** Whether the source has said anything of the publish. */
  #isSaid = false;
  #oldestLiveAtMs = Number.NaN;
  #oldestLive = 0;
  /** Distinguishes the receipts of this process from those of any other, at any time. */
  readonly #process = (Math.random() * 2 ** 32) | 0;
  #serial = 0;
  /** Of the publish at hand: whose the last observation without a timestamp is, and how many of it came in a row. */
  #unstampedLab: string | undefined;
  #unstampedSensor = '';
  #unstamped = 0;
  /**
   * Lab ids of the last observations: the same come again and again, and to look is cheaper than to check.
   */
  readonly #labIds = new Set<string>();

  constructor(
    readonly lanes: CommitLanes,
    readonly ledger: Ledger,
    readonly grid: BucketGrid,
    readonly limits: ReceivingLimits,
  ) {
    this.arrayLengthMax = limits.arrayLengthMax;
  }

  /** Begins with a publish. */
  begin(publish: Publish, tally: SourceTally, nowMs: number): void {
    this.#publish = publish;
    this.#tally = tally;
    this.receivedMs = nowMs;
    this.#first = undefined;
    this.#isSaid = false;
    this.#unstampedLab = undefined;
    tally.publishes += 1;
  }

  /** Observations without a timestamp so far. */
  get unstamped(): number {
    return this.#serial;
  }

  /** @returns the reason of the first rejection in the publish; undefined if there was none. */
  end(): RejectionReason | undefined {
    if (!this.#isSaid) this.reject('no_value');
    return this.#first;
  }

  observation(
    lab: string,
    timestampMs: number | undefined,
    temp: number,
    humidity: number,
    sensor: string,
  ): boolean {
    const reason = this.#problemOf(lab, timestampMs, temp, humidity);
    if (reason !== undefined) {
      this.reject(reason);
      return false;
    }
    this.#isSaid = true;
    const { receivedMs } = this;
    const loop = this.lanes.of(lab);
    if (timestampMs === undefined) {
      const tag = receiptTag(this.#process, this.#serial++);
      loop.add(lab, this.#receiptMs(lab, sensor), tag, temp, humidity, receivedMs);
    } else loop.add(lab, timestampMs, sensorTag(sensor), temp, humidity, receivedMs);
    this.ledger.accept();
    this.#tally.observations.add(this.#publish, receivedMs);
    return true;
  }

  /** Observations of one sensor in one publish are a millisecond apart, so that the last is the latest. */
  #receiptMs(lab: string, sensor: string): number {
    if (lab !== this.#unstampedLab || sensor !== this.#unstampedSensor) {
      this.#unstampedLab = lab;
      this.#unstampedSensor = sensor;
      this.#unstamped = 0;
    }
    const ms = this.receivedMs + this.#unstamped;
    if (this.#unstamped < APART_MS_MAX) this.#unstamped += 1;
    return ms;
  }

  reject(reason: RejectionReason): void {
    this.#isSaid = true;
    this.#first ??= reason;
    this.ledger.reject(reason);
    this.#list(reason, false);
  }

  rejectMetric(metric: 'temp' | 'humidity'): void {
    this.#isSaid = true;
    this.ledger.rejectMetric(metric);
    this.#list(metric, true);
  }

  ignore(): void {
    this.#isSaid = true;
    this.ledger.ignore();
    this.#tally.ignored.add(this.#publish, this.receivedMs);
  }

  #problemOf(
    lab: string,
    timestampMs: number | undefined,
    temp: number,
    humidity: number,
  ): RejectionReason | undefined {
    const publish = this.#publish;
    if (lab !== publish.labId && !this.#labIds.has(lab) && !this.#isLabId(lab)) return 'lab_id';
    if (temp === ABSENT && humidity === ABSENT) return 'no_value';
    if (temp !== ABSENT && !isTempFixed(temp)) return 'temp';
    if (humidity !== ABSENT && !isHumidityFixed(humidity)) return 'humidity';
    const reason = this.#timeProblemOf(timestampMs);
    if (reason !== undefined) return reason;
    return publish.mayCount === undefined || publish.mayCount(lab) ? undefined : 'not_authorized';
  }

  #timeProblemOf(timestampMs: number | undefined): RejectionReason | undefined {
    // Each new subscription would bring it again, and nothing would tell that it is the same.
    if (timestampMs === undefined) return this.#publish.isReplayed ? 'retained' : undefined;
    const { receivedMs, limits } = this;
    return timeRejection(timestampMs, this.#oldestLiveMs(receivedMs), receivedMs, limits.futureMsMax);
  }

  /** Remembers what is one. */
  #isLabId(lab: string): boolean {
    if (!isLabId(lab)) return false;
    if (this.#labIds.size >= LAB_IDS_REMEMBERED) this.#labIds.clear();
    this.#labIds.add(lab);
    return true;
  }

  #list(reason: RejectionReason, isMetric: boolean): void {
    const { topic, payload } = this.#publish;
    const example = { atMs: this.receivedMs, topic: topic.toString(), excerpt: payload.excerpt };
    // A broker replays what it has retained at each start, as often as there are workers: counted, and not
    // listed.
    if (reason !== 'retained') {
      const { atMs, topic: source, excerpt } = example;
      this.lanes.any.pending.list({ atMs, reason, source, excerpt });
    }
    this.#tally.reject(reason, isMetric, example);
  }

  /** Computed once a millisecond. */
  #oldestLiveMs(nowMs: number): number {
    if (nowMs !== this.#oldestLiveAtMs) {
      this.#oldestLiveAtMs = nowMs;
      this.#oldestLive = oldestLiveMs(this.grid, nowMs);
    }
    return this.#oldestLive;
  }
}
