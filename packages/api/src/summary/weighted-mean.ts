/** What is known of a span of time: how long it is, its mean, and between what its values are. */
interface Span {
  readonly ms: number;
  readonly value: number;
  readonly lowest: number;
  readonly highest: number;
}

/** The mean of spans of time within [startMs, endMs), and how far the exact one can be from it. */
export class WeightedMean {
  readonly #sure = { ms: 0, sum: 0, lowest: 0, highest: 0 };
  /** Spans in which perhaps, or in a part of them, there was no value. */
  readonly #perhaps: Span[] = [];

  constructor(
    readonly startMs: number,
    readonly endMs: number,
  ) {}

  /** A span with this mean; its values lie between `lowest` and `highest`. */
  add(fromMs: number, toMs: number, value: number, lowest = value, highest = value): void {
    const ms = this.#within(fromMs, toMs);
    if (ms <= 0) return;
    this.#sure.ms += ms;
    this.#sure.sum += value * ms;
    this.#sure.lowest += lowest * ms;
    this.#sure.highest += highest * ms;
  }

  /** The same, of which some or all may have had no value. */
  addIfAny(fromMs: number, toMs: number, value: number, lowest: number, highest: number): void {
    const ms = this.#within(fromMs, toMs);
    if (ms > 0) this.#perhaps.push({ ms, value, lowest, highest });
  }

  /** `null` where there is nothing. What is perhaps counts as if it were. */
  result(): { readonly avg: number; readonly error: number; readonly covered: number } | null {
    const [sure, perhaps] = [this.#sure, this.#perhaps];
    const ms = perhaps.reduce((total, span) => total + span.ms, sure.ms);
    if (ms === 0) return null;
    const avg = perhaps.reduce((total, span) => total + span.value * span.ms, sure.sum) / ms;
    const highest = this.#extreme(sure.highest, ({ highest }) => highest, 1);
    const lowest = this.#extreme(sure.lowest, ({ lowest }) => lowest, -1);
    const error = Math.max(0, highest - avg, avg - lowest);
    return { avg, error, covered: Math.min(1, ms / (this.endMs - this.startMs)) };
  }

  /** The largest mean that there can be, or with `sign` -1 the smallest: of what is perhaps only what moves it that way. */
  #extreme(sureSum: number, of: (span: Span) => number, sign: 1 | -1): number {
    let [sum, ms] = [sureSum, this.#sure.ms];
    const spans = this.#perhaps.toSorted((a, b) => sign * (of(b) - of(a)));
    for (const span of spans) {
      if (ms > 0 && sign * (of(span) - sum / ms) <= 0) break;
      sum += of(span) * span.ms;
      ms += span.ms;
    }
    return sum / ms;
  }

  #within(fromMs: number, toMs: number): number {
    return Math.min(toMs, this.endMs) - Math.max(fromMs, this.startMs);
  }
}
