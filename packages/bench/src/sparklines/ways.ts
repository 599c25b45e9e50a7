import { gunzipSync } from 'node:zlib';
import { median } from '../figures.js';
import { CAN_LOOK, cpuUsed, sumUs } from '../measuring/process-figures.js';
import { answerOf } from '../reads/answer.js';

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
const POSTED_AT_ONCE = 5000;
const GZIP = { 'accept-encoding': 'gzip' };

/** A way to get the values of all labs. */
export interface Way {
  readonly name: string;
  readonly requests: number;
  /** How often in a row, before it is the turn of another. */
  readonly inARow: number;
  readonly paths: readonly string[];
}

/** What one round took. */
export interface Drawn {
  /** Until the last byte of the last answer; the median where it was asked several times. */
  readonly wholeMs: number;
  readonly bytes: number;
  /** Of the process that answers, each time. */
  readonly cpuUs: number;
}

/** Some labs of a running humtemp, with a day of observations. */
export class Sparklines {
  readonly #labs: readonly string[];
  readonly #toS: number;
  readonly ways: readonly Way[];

  constructor(
    readonly port: number,
    readonly pid: number,
    labs: number,
    nowMs: number,
  ) {
    this.#labs = Array.from({ length: labs }, (_, i) => `lab-${i}`);
    this.#toS = Math.floor(nowMs / 1000);
    const range = `from=${this.#toS - DAY_S}&to=${this.#toS}&resolution=1h`;
    const together = { requests: 1, inARow: 4 };
    this.ways = [
      {
        name: 'each lab',
        requests: labs,
        inARow: 1,
        paths: this.#labs.map((lab) => `/labs/${lab}/buckets?${range}`),
      },
      { ...together, name: 'labs by name', paths: [`/lab-series?labs=${this.#labs.join()}&${range}`] },
      { ...together, name: 'all labs', paths: [`/lab-series?${range}`] },
    ];
  }

  /** An observation a minute of every lab. */
  async fill(): Promise<void> {
    const rows: string[] = [];
    for (let m = 0; m < DAY_S / 60; m++)
      for (const [i, lab_id] of this.#labs.entries()) {
        const temp = Number((20 + Math.sin(m / 90 + i) + Math.cos(m * (i + 1)) / 10).toFixed(2));
        const humidity = Number((45 + 5 * Math.cos(m / 200 + i)).toFixed(1));
        rows.push(JSON.stringify({ lab_id, timestamp: this.#toS - DAY_S + m * 60, temp, humidity }));
      }
    for (let i = 0; i < rows.length; i += POSTED_AT_ONCE) {
      const url = `http://127.0.0.1:${this.port}/observations`;
      const answer = await fetch(url, { method: 'POST', body: rows.slice(i, i + POSTED_AT_ONCE).join('\n') });
      const { counted } = (await answer.json()) as { counted?: number };
      if (counted === undefined || counted < Math.min(POSTED_AT_ONCE, rows.length - i))
        throw new Error(`POST /observations: ${answer.status}, ${counted} counted`);
    }
  }

  /** Asks in this way, so many times one after the other. */
  async draw({ paths }: Way, times: number): Promise<Drawn> {
    const before = this.#cpuUs();
    const wholeMs: number[] = [];
    let bytes = 0;
    for (let i = 0; i < times; i++) {
      const startedMs = performance.now();
      const answers = await Promise.all(paths.map((path) => answerOf(this.port, path, GZIP)));
      wholeMs.push(performance.now() - startedMs);
      bytes = answers.reduce((sum, { body }) => sum + body.length, 0);
    }
    return { wholeMs: median(wholeMs), bytes, cpuUs: (this.#cpuUs() - before) / times };
  }

  /** What differs between the answers of the ways; undefined: nothing. */
  async difference(): Promise<string | undefined> {
    const [apart, ...together] = await Promise.all(
      this.ways.map(({ paths }) => Promise.all(paths.map((path) => answerOf(this.port, path, GZIP)))),
    );
    const expected = new Map(
      apart!.map(({ body }, i) => {
        // In the first seconds of an hour its bucket is empty.
        const { buckets } = parsed<{ buckets: { temp: Average | null; humidity: Average | null }[] }>(body);
        return [
          this.#labs[i]!,
          JSON.stringify(buckets.map(({ temp, humidity }) => [temp?.avg ?? null, humidity?.avg ?? null])),
        ];
      }),
    );
    for (const [answer] of together) {
      const { labs } = parsed<{ labs: { lab_id: string; temp: Averages; humidity: Averages }[] }>(
        answer!.body,
      );
      if (labs.length !== this.#labs.length) return `${labs.length} labs in one answer`;
      for (const { lab_id, temp, humidity } of labs) {
        const found = JSON.stringify(temp.avg.map((value, i) => [value, humidity.avg[i]]));
        if (found !== expected.get(lab_id)) return `${lab_id}: ${found} and ${expected.get(lab_id)}`;
      }
    }
    return undefined;
  }

  #cpuUs(): number {
    return CAN_LOOK ? sumUs(cpuUsed(this.pid)) : 0;
  }
}

interface Average {
  readonly avg: number;
}

interface Averages {
  readonly avg: readonly (number | null)[];
}

function parsed<T>(body: Buffer): T {
  return JSON.parse((body[0] === 0x1f ? gunzipSync(body) : body).toString()) as T;
}
