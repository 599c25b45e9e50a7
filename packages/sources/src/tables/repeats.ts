import { ABSENT } from '@humtemp/bucket-core';

/** Sensors that are remembered. Beyond it all are forgotten, and count once more. */
const SENSORS_MAX = 100_000;

interface Counted {
  temp: number;
  tempMs: number;
  humidity: number;
  humidityMs: number;
}

/**
 * What was counted last of each sensor of each lab. Programs such as zigbee2mqtt publish all values that they
 * remember whenever a device says one of them: a value that is still the same says nothing new, until some
 * time has passed.
 */
export class Repeats {
  readonly #counted = new Map<string, Counted>();

  constructor(readonly withinMs: number) {}

  /** Whether a value is the one that was counted last, not long ago. */
  isRepeat(lab: string, sensor: string, metric: 'temp' | 'humidity', value: number, nowMs: number): boolean {
    const counted = this.#counted.get(keyOf(lab, sensor));
    if (counted === undefined || value === ABSENT) return false;
    const [last, lastMs] =
      metric === 'temp' ? [counted.temp, counted.tempMs] : [counted.humidity, counted.humidityMs];
    // A clock that was set back must not silence a sensor.
    return last === value && Math.abs(nowMs - lastMs) < this.withinMs;
  }

  /** These were counted. */
  remember(lab: string, sensor: string, temp: number, humidity: number, nowMs: number): void {
    const key = keyOf(lab, sensor);
    let counted = this.#counted.get(key);
    if (counted === undefined) {
      if (this.#counted.size >= SENSORS_MAX) this.#counted.clear();
      counted = { temp: ABSENT, tempMs: 0, humidity: ABSENT, humidityMs: 0 };
      this.#counted.set(key, counted);
    }
    if (temp !== ABSENT) {
      counted.temp = temp;
      counted.tempMs = nowMs;
    }
    if (humidity !== ABSENT) {
      counted.humidity = humidity;
      counted.humidityMs = nowMs;
    }
  }
}

function keyOf(lab: string, sensor: string): string {
  return `${lab}\n${sensor}`;
}
