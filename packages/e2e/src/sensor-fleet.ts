import { type Random, randomOf } from './random.js';
import { addToRecord, type LabRecord } from './recorded-load.js';
import { type Publish, StubbornClient } from './stubborn-client.js';

export interface FleetOptions {
  readonly port: number;
  readonly sensors: number;
  /** Fewer labs than sensors, so that several merge into one bucket. */
  readonly labs: number;
  readonly seed: number;
  /** Of MQTT, of the sensors by turns. Default: 4, which is 3.1.1. */
  readonly versions?: readonly (4 | 5)[];
  /** Between an acknowledgement and the next observation of a sensor; none if absent. */
  readonly pauseMs?: number;
}

/** How far back the observations lie, so that they fall into many buckets. */
const SPAN_S = 3600;
const REACHED_MS_MAX = 60_000;

/**
 * Sensors with a connection each, which publish until `finish`, each observation again until it is
 * acknowledged. No two observations are equal, so each must be counted exactly once, however often it is
 * delivered.
 */
export class SensorFleet {
  /** By lab, of everything that a sensor has begun to send. */
  readonly record = new Map<string, LabRecord>();
  acknowledged = 0;
  readonly #sensors: StubbornClient[];
  readonly #random: Random;
  readonly #startMs = Date.now();
  #waiting: { readonly count: number; readonly resolve: () => void } | undefined;
  #serial = 0;
  #finishing = false;

  constructor({ port, sensors, labs, seed, versions = [4], pauseMs }: FleetOptions) {
    const random = randomOf(seed);
    this.#random = random;
    this.#sensors = Array.from(
      { length: sensors },
      (_, i) =>
        new StubbornClient({
          port,
          clientId: `sensor-${i}`,
          version: versions[i % versions.length]!,
          random,
          ...(pauseMs !== undefined && { pauseMs }),
          next: () => (this.#finishing ? undefined : this.#observe(`lab-${i % labs}`)),
          onAcknowledged: () => this.#countAcknowledged(),
        }),
    );
  }

  get resent(): number {
    return this.#sensors.reduce((sum, { resent }) => sum + resent, 0);
  }

  /**
   * Resolves with the PUBACK that makes it so many, before any other is read.
   * @throws when none comes for long.
   */
  async reached(count: number): Promise<void> {
    let deadline: NodeJS.Timeout | undefined;
    const reached = new Promise<void>((resolve, reject) => {
      this.#waiting = { count, resolve };
      const tooLate = () => reject(new Error(`only ${this.acknowledged} of ${count} acknowledged`));
      deadline = setTimeout(tooLate, REACHED_MS_MAX);
    });
    // A sensor that is done before `finish` has met with an error.
    await Promise.race([reached, ...this.#sensors.map(({ done }) => done)]);
    clearTimeout(deadline);
  }

  /** All connections break: acknowledgements on their way are lost. */
  dropConnections(): void {
    for (const sensor of this.#sensors) sensor.drop();
  }

  /** No more observations; resolves once all of them are acknowledged. */
  async finish(): Promise<void> {
    this.#finishing = true;
    await Promise.all(this.#sensors.map(({ done }) => done));
  }

  async close(): Promise<void> {
    for (const sensor of this.#sensors) sensor.close();
  }

  #observe(lab: string): Publish {
    const serial = this.#serial++;
    // The serial in the milliseconds and in the humidity makes every observation another one.
    const timestampMs = this.#startMs - Math.floor(this.#random() * SPAN_S) * 1000 - (serial % 1000);
    const temp = -100_000 + Math.floor(this.#random() * 300_000);
    const humidity = serial % 100_000;
    addToRecord(this.record, lab, temp, humidity);
    return {
      topic: `labs/${lab}/observation`,
      payload: JSON.stringify({
        timestamp: timestampMs / 1000,
        temp: temp / 1000,
        humidity: humidity / 1000,
      }),
    };
  }

  #countAcknowledged(): void {
    this.acknowledged += 1;
    if (this.#waiting === undefined || this.acknowledged < this.#waiting.count) return;
    this.#waiting.resolve();
    this.#waiting = undefined;
  }
}
