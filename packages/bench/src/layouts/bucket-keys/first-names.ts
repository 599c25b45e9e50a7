/**
 * The first names after one, in the order of their characters' codes, of many that come in no order. It keeps and sorts
 * only a few, however many come.
 */
export class FirstNames {
  #names: string[] = [];
  #end: string | undefined;

  constructor(
    readonly after: string,
    readonly limit: number,
  ) {}

  /** Undefined: every name after `after` is among the first; else none behind this one is. */
  get end(): string | undefined {
    this.#cut();
    return this.#end;
  }

  /** At most `limit`, in order. */
  get sorted(): readonly string[] {
    this.#cut();
    return this.#names;
  }

  /** Whether a name would be among the first, by what has come so far. */
  wants(name: string): boolean {
    return name > this.after && (this.#end === undefined || name < this.#end);
  }

  /** Takes in a name that it wants. */
  add(name: string): void {
    this.#names.push(name);
    if (this.#names.length === 2 * this.limit) this.#cut();
  }

  #cut(): void {
    this.#names.sort();
    if (this.#names.length <= this.limit) return;
    this.#names.length = this.limit;
    this.#end = this.#names.at(-1);
  }
}
