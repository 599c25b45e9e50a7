/** Quantiles of many times, in milliseconds. */
export interface Latencies {
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** Times below this have a bin for each microsecond; above, each doubling has half as many. */
const EXACT_US = 1024;
const HALF = EXACT_US / 2;
const DOUBLINGS = 21;
const LAST_BIN = EXACT_US + DOUBLINGS * HALF - 1;

/** Counts times in bins: exact to a microsecond up to a millisecond, beyond to 0.2 %, up to half an hour. */
export class LatencyHistogram {
  readonly #bins = new Float64Array(LAST_BIN + 1);
  #count = 0;
  #maxMs = 0;

  /** @param count how many took that long */
  record(ms: number, count = 1): void {
    this.#bins[binOf(Math.max(0, Math.round(ms * 1000)))]! += count;
    this.#count += count;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  summary(): Latencies {
    return {
      count: this.#count,
      p50Ms: this.quantileMs(0.5),
      p99Ms: this.quantileMs(0.99),
      p999Ms: this.quantileMs(0.999),
      maxMs: this.#maxMs,
    };
  }

  /** The nearest rank; 0 if nothing was recorded. */
  quantileMs(quantile: number): number {
    let left = Math.max(1, Math.ceil(quantile * this.#count));
    for (let bin = 0; bin <= LAST_BIN; bin++) {
      left -= this.#bins[bin]!;
      if (left <= 0) return Math.min(startUs(bin) / 1000, this.#maxMs);
    }
    return 0;
  }
}

function binOf(us: number): number {
  if (us < EXACT_US) return us;
  const doubling = 22 - Math.clz32(us);
  return Math.min(LAST_BIN, EXACT_US + (doubling - 1) * HALF + (us >>> doubling) - HALF);
}

/** The shortest time of a bin. */
function startUs(bin: number): number {
  if (bin < EXACT_US) return bin;
  const doubling = 1 + Math.floor((bin - EXACT_US) / HALF);
  return (HALF + ((bin - EXACT_US) % HALF)) * 2 ** doubling;
}
