const SPAN_MS = 10_000;

/** How fast a counter grows, over the last ten seconds or so. */
export class RateMeter {
  readonly #samples: { readonly count: number; readonly ms: number }[] = [];

  /** Per second; undefined until there are two samples. A counter that fell began anew; a time given again is no news. */
  add(count: number, ms: number): number | undefined {
    const samples = this.#samples;
    const newest = samples.at(-1);
    if (newest === undefined || ms !== newest.ms) {
      if (newest !== undefined && (count < newest.count || ms < newest.ms)) samples.length = 0;
      samples.push({ count, ms });
      while (samples.length > 2 && samples[1]!.ms <= ms - SPAN_MS) samples.shift();
    }
    const [oldest, last] = [samples[0]!, samples.at(-1)!];
    return oldest === last ? undefined : ((last.count - oldest.count) / (last.ms - oldest.ms)) * 1000;
  }
}
