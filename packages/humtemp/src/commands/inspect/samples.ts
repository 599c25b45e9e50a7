/** What a scrape had: for each metric its samples, by their labels. */
export class Samples {
  readonly #samples = new Map<string, { readonly labels: string; readonly value: number }[]>();

  /** @param text in the text format of Prometheus, as humtemp writes it. */
  constructor(text: string) {
    for (const [, name, labels = '', value] of text.matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)) {
      const known = this.#samples.get(name!) ?? [];
      known.push({ labels, value: Number(value) });
      this.#samples.set(name!, known);
    }
  }

  /** The sum over all labels; undefined where there is no sample. */
  sum(name: string): number | undefined {
    return this.#samples.get(name)?.reduce((sum, { value }) => sum + value, 0);
  }

  /** By the value of one label, without those that are 0. */
  by(name: string, label: string): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { labels, value } of this.#samples.get(name) ?? []) {
      const key = new RegExp(`(?:^|,)${label}="([^"]*)"`).exec(labels)?.[1] ?? '';
      if (value !== 0) counts[key] = (counts[key] ?? 0) + value;
    }
    return counts;
  }

  /** The value of a label of the only sample. */
  label(name: string, label: string): string | undefined {
    return Object.keys(this.by(name, label))[0];
  }
}
