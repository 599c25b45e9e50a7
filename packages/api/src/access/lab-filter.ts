import { isLabId, isLabPrefix } from '@humtemp/bucket-core';

/** What stands behind a prefix. No lab id has it. */
const ANY_END = '*';

/** A set of labs, written as ids and prefixes: `library-20,floor-2/*`. A lone `*` is all labs. */
export class LabFilter {
  readonly ids: ReadonlySet<string>;
  readonly prefixes: readonly string[];

  /** @param items each once, in order: filters of the same items are written alike. */
  private constructor(readonly items: readonly string[]) {
    this.ids = new Set(items.filter((item) => !item.endsWith(ANY_END)));
    this.prefixes = items.filter((item) => item.endsWith(ANY_END)).map((item) => item.slice(0, -1));
  }

  /** Undefined for a text that is not a list of lab ids and prefixes, separated by commas. */
  static parse(text: string): LabFilter | undefined {
    const items = text.split(',');
    const isItem = (item: string) =>
      item === ANY_END || (item.endsWith(ANY_END) ? isLabPrefix(item.slice(0, -1)) : isLabId(item));
    return items.every(isItem) ? new LabFilter([...new Set(items)].sort()) : undefined;
  }

  get isAll(): boolean {
    return this.prefixes.includes('');
  }

  matches(lab: string): boolean {
    return this.ids.has(lab) || this.prefixes.some((prefix) => lab.startsWith(prefix));
  }

  toString(): string {
    return this.items.join();
  }
}

export const EVERY_LAB = LabFilter.parse(ANY_END)!;
