import { gaussian, seededRandom } from './seeded-random.js';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** How long a room remembers that a door was opened or the heating turned up. */
const WALK_MEMORY_MS = 2 * HOUR_MS;
const WALK_TEMP = 0.35;
const WALK_HUMIDITY = 1.8;
const NOISE_TEMP = 0.03;
const NOISE_HUMIDITY = 0.15;
/** Warmer air of the same water content is relatively drier, by about this many %RH per °C indoors. */
const HUMIDITY_PER_TEMP = -2.2;

/** What a sensor would read. */
export interface SimulatedValues {
  /** °C with two decimals. */
  readonly temp: number;
  /** %RH with two decimals. */
  readonly humidity: number;
}

/**
 * A lab room: its own base temperature (18 to 24 °C) and humidity (35 to 55 %RH), a daily curve, a slow
 * random walk that returns to the base, and the noise of a sensor. The same seed, index and times give the
 * same values.
 */
export class SimulatedLab {
  readonly #random: () => number;
  readonly #baseTemp: number;
  readonly #baseHumidity: number;
  readonly #dailyTemp: number;
  readonly #warmestMs: number;
  #walkTemp = 0;
  #walkHumidity = 0;
  #observedMs: number | undefined;

  constructor(
    readonly id: string,
    seed: number,
    index: number,
  ) {
    this.#random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b));
    this.#baseTemp = 18 + 6 * this.#random();
    this.#baseHumidity = 35 + 20 * this.#random();
    this.#dailyTemp = 0.4 + 0.9 * this.#random();
    this.#warmestMs = (13 + 4 * this.#random()) * HOUR_MS;
  }

  /** The reading at a time, Unix milliseconds, which must not go back. */
  observe(timeMs: number): SimulatedValues {
    const elapsedMs = timeMs - (this.#observedMs ?? timeMs);
    this.#observedMs = timeMs;
    // An Ornstein-Uhlenbeck walk: its spread does not depend on how often it is looked at.
    const kept = Math.exp(-elapsedMs / WALK_MEMORY_MS);
    const step = Math.sqrt(1 - kept * kept);
    this.#walkTemp = this.#walkTemp * kept + WALK_TEMP * step * gaussian(this.#random);
    this.#walkHumidity = this.#walkHumidity * kept + WALK_HUMIDITY * step * gaussian(this.#random);
    const daily = this.#dailyTemp * Math.cos((2 * Math.PI * (timeMs - this.#warmestMs)) / DAY_MS);
    const warmth = daily + this.#walkTemp;
    const temp = this.#baseTemp + warmth + NOISE_TEMP * gaussian(this.#random);
    const humidity =
      this.#baseHumidity +
      HUMIDITY_PER_TEMP * warmth +
      this.#walkHumidity +
      NOISE_HUMIDITY * gaussian(this.#random);
    return { temp: twoDecimals(temp), humidity: twoDecimals(Math.min(95, Math.max(5, humidity))) };
  }
}

/** lab-01, lab-02, …: as many digits as the last one needs, so that they sort. */
export function simulatedLabs(labs: number, seed: number): SimulatedLab[] {
  const digits = Math.max(2, String(labs).length);
  return Array.from(
    { length: labs },
    (_, index) => new SimulatedLab(`lab-${String(index + 1).padStart(digits, '0')}`, seed, index),
  );
}

function twoDecimals(value: number): number {
  return Math.round(value * 100) / 100;
}
