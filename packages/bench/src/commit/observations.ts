import { Batch } from '@humtemp/bucket-core';

/** Which labs commit how much at a time. */
export interface Shape {
  /** Observations of each lab in a batch. */
  readonly perLab: number;
  readonly labs: number;
  /** Batches that are measured; an even number, for the middle to be a border of five-minute buckets. */
  readonly batches: number;
}

/** What everybody commits in a round. */
export interface Observations {
  /** Committed before the clock starts: so that labs are known and their histograms have the width of a day. */
  readonly history: Batch;
  readonly batches: readonly Batch[];
  /** Start of the hour that all of them lie in, Unix seconds. */
  readonly hourS: number;
  /** The time at which they are committed, Unix milliseconds. */
  readonly nowMs: number;
  /** What every resolution must hold of a lab in the end. */
  readonly truth: ReadonlyMap<string, Total>;
}

/** Number and sums of a lab's observations, in thousandths. */
export interface Total {
  observations: number;
  temp: number;
  humidity: number;
}

/** The clock runs over five minutes, with a border of five-minute buckets in the middle. */
const SPAN_MS = 300_000;
const SPAN_START_MS = 150_000;
/** Half of what rooms of a library changed by in a day: ± 0.7 °C and ± 1 %RH. */
const WIDTH = { temp: 700, humidity: 1000 };
const HISTORY_PER_LAB = 4;

/** Observations measured in the latest hour of which so much has passed already, each of a lab different. */
export function observationsOf(shape: Shape, clockMs: number): Observations {
  const { perLab, labs, batches: count } = shape;
  const hourMs = Math.floor((clockMs - SPAN_START_MS - SPAN_MS) / 3_600_000) * 3_600_000;
  const truth = new Map<string, Total>();
  const add = (batch: Batch, lab: number, ms: number, swing: number, noise: number) => {
    const name = `lab-${lab}`;
    const temp = 20_000 + (lab % 40) * 100 + Math.round(WIDTH.temp * swing) + (noise % 41);
    const humidity = 50_000 - (lab % 30) * 300 + Math.round(WIDTH.humidity * swing) - (noise % 83);
    batch.add(name, ms, 0, temp, humidity);
    const total = truth.get(name) ?? { observations: 0, temp: 0, humidity: 0 };
    total.observations += 1;
    total.temp += temp;
    total.humidity += humidity;
    truth.set(name, total);
  };
  const history = new Batch();
  for (let lab = 0; lab < labs; lab++)
    for (let i = 0; i < HISTORY_PER_LAB; i++) add(history, lab, hourMs + i * 1000, i % 2 ? 1 : -1, i);
  const stepMs = SPAN_MS / (count * perLab);
  const batches = Array.from({ length: count }, (_, b) => {
    const batch = new Batch();
    for (let lab = 0; lab < labs; lab++)
      for (let i = b * perLab; i < (b + 1) * perLab; i++)
        add(batch, lab, hourMs + SPAN_START_MS + Math.floor(i * stepMs), Math.sin(lab + i / 10), i * 7 + lab);
    return batch;
  });
  return { history, batches, hourS: hourMs / 1000, nowMs: hourMs + SPAN_START_MS + SPAN_MS, truth };
}
