import { setTimeout as sleep } from 'node:timers/promises';
import { ReliablePublisher } from 'humtemp';
import { type Random, randomOf } from './random.js';

/** What was published of one lab, in thousandths. */
export interface LabRecord {
  observations: number;
  tempSum: number;
  humiditySum: number;
  tempMin: number;
  tempMax: number;
}

/** Notes one more observation of a lab; values in thousandths. */
export function addToRecord(
  record: Map<string, LabRecord>,
  lab: string,
  temp: number,
  humidity: number,
): void {
  const ofLab = record.get(lab) ?? {
    observations: 0,
    tempSum: 0,
    humiditySum: 0,
    tempMin: Infinity,
    tempMax: -Infinity,
  };
  ofLab.observations += 1;
  ofLab.tempSum += temp;
  ofLab.humiditySum += humidity;
  ofLab.tempMin = Math.min(ofLab.tempMin, temp);
  ofLab.tempMax = Math.max(ofLab.tempMax, temp);
  record.set(lab, ofLab);
}

export interface LoadOptions {
  readonly url: string;
  readonly observations: number;
  readonly labs: number;
  readonly seed: number;
  /** Observations a second; unlimited if absent. */
  readonly ratePerS?: number;
  /** How far back the observations lie, in seconds, so that they fall into many buckets. Default an hour. */
  readonly spanS?: number;
  readonly inFlightMax?: number;
  /** In front of the names of labs. */
  readonly labPrefix?: string;
}

/**
 * Publishes observations at QoS 1, each again until it is acknowledged, and keeps a record of what it sent.
 * No two are equal, so each must be counted exactly once, however often it is delivered.
 */
export class RecordedLoad {
  /** By lab, of everything handed to the publisher so far. */
  readonly record = new Map<string, LabRecord>();
  readonly #publisher: ReliablePublisher;
  readonly #random: Random;
  readonly #startMs = Date.now();
  #published = 0;
  #paused = false;
  #closed = false;

  constructor(readonly options: LoadOptions) {
    this.#random = randomOf(options.seed);
    this.#publisher = new ReliablePublisher({
      url: options.url,
      qos: 1,
      inFlightMax: options.inFlightMax ?? 1000,
      firstConnectionMsMax: 60_000,
      fruitlessConnectionsMax: 10_000,
    });
  }

  get published(): number {
    return this.#published;
  }

  get acknowledged(): number {
    return this.#publisher.counters.acknowledged;
  }

  get resent(): number {
    return this.#publisher.counters.resent;
  }

  /** Publishes everything and resolves when all of it is acknowledged. */
  async run(): Promise<void> {
    const { observations, ratePerS = Infinity } = this.options;
    const startMs = Date.now();
    while (this.#published < observations && !this.#closed) {
      await this.#publisher.room();
      if (this.#paused) {
        await sleep(5);
        continue;
      }
      const due = Math.min(observations, Math.floor(((Date.now() - startMs) / 1000) * ratePerS) + 1);
      while (this.#published < due && this.#publisher.hasRoom) this.#publishOne();
      // A turn of the event loop at least, so that acknowledgements are read.
      await sleep(ratePerS === Infinity ? 0 : 5);
    }
    await this.#publisher.drained();
  }

  /** Publishes nothing more until `resume`, and resolves when all that was published is acknowledged. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#publisher.drained();
  }

  resume(): void {
    this.#paused = false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#publisher.close();
  }

  #publishOne(): void {
    const { labs, spanS = 3600, labPrefix = '' } = this.options;
    const serial = this.#published++;
    const lab = `${labPrefix}lab-${Math.floor(this.#random() * labs)}`;
    // The serial in the milliseconds makes every observation another one.
    const agoMs = Math.floor(this.#random() * spanS) * 1000 + (serial % 1000);
    const timestampMs = this.#startMs - agoMs;
    const temp = -100_000 + Math.floor(this.#random() * 300_000);
    const humidity = serial % 100_000;
    const payload = JSON.stringify({
      timestamp: timestampMs / 1000,
      temp: temp / 1000,
      humidity: humidity / 1000,
    });
    this.#publisher.publish(`labs/${lab}/observation`, payload);
    addToRecord(this.record, lab, temp, humidity);
  }
}
