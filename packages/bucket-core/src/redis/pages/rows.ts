/** Observations as columns, so that many of them allocate nothing. */
export class Rows {
  ms: number[] = [];
  tag: number[] = [];
  temp: number[] = [];
  humidity: number[] = [];
  count = 0;

  push(ms: number, tag: number, temp: number, humidity: number): void {
    this.ms[this.count] = ms;
    this.tag[this.count] = tag;
    this.temp[this.count] = temp;
    this.humidity[this.count] = humidity;
    this.count += 1;
  }

  clear(): void {
    this.count = 0;
  }

  /** The same rows in columns of just their length: to fill others and copy them costs less than to let these grow. */
  copy(): Rows {
    const copy = new Rows();
    copy.ms = this.ms.slice(0, this.count);
    copy.tag = this.tag.slice(0, this.count);
    copy.temp = this.temp.slice(0, this.count);
    copy.humidity = this.humidity.slice(0, this.count);
    copy.count = this.count;
    return copy;
  }

  /** Puts rows in the order of time. */
  sort(): void {
    const { ms, count } = this;
    let i = 1;
    while (i < count && ms[i]! >= ms[i - 1]!) i++;
    if (i < count) this.#order((a, b) => ms[a]! - ms[b]! || a - b);
  }

  /**
   * Puts the rows of each sensor together, in the order of time, where there are enough of each: they take less room so.
   * @returns whether it did.
   */
  sortBySensor(): boolean {
    const { ms, tag, count } = this;
    const sensors = new Set<number>();
    for (let i = 0; i < count; i++) sensors.add(tag[i]!);
    if (sensors.size < 2 || count < 24 * sensors.size) return false;
    this.#order((a, b) => tag[a]! - tag[b]! || ms[a]! - ms[b]! || a - b);
    return true;
  }

  #order(compare: (a: number, b: number) => number): void {
    const order = Array.from({ length: this.count }, (_, i) => i).sort(compare);
    const ordered = (column: readonly number[]) => order.map((i) => column[i]!);
    this.ms = ordered(this.ms);
    this.tag = ordered(this.tag);
    this.temp = ordered(this.temp);
    this.humidity = ordered(this.humidity);
  }
}
