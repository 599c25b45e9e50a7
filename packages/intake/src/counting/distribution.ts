/** How often values came, by upper bounds: what a histogram of Prometheus is made of. */
export class Distribution {
  /** Values up to the bound of the same index, and above the bound before it; last, those above all bounds. */
  readonly counts: number[];
  #sum = 0;

  /** @param bounds upper bounds, in growing order */
  constructor(readonly bounds: readonly number[]) {
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  /** Of all values together. */
  get sum(): number {
    return this.#sum;
  }

  add(value: number): void {
    let i = 0;
    while (i < this.bounds.length && value > this.bounds[i]!) i += 1;
    this.counts[i]! += 1;
    this.#sum += value;
  }
}
