import { labIdOfName } from '@humtemp/bucket-core';

/** Names whose lab id is remembered. */
const NAMES_REMEMBERED = 10_000;

/** From what a topic or payload says to the id of a lab: the table of names first, then the rule. */
export class LabNames {
  readonly #names: ReadonlyMap<string, string>;
  readonly #known = new Map<string, string>();

  constructor(names: Readonly<Record<string, string>>) {
    this.#names = new Map(Object.entries(names));
  }

  /** The lab id of a name; undefined if it can have none. */
  labOf(name: string): string | undefined {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    // What stands for bytes that are no UTF-8 could make two labs one.
    if (name.includes('\uFFFD')) return undefined;
    const id = labIdOfName(this.#names.get(name) ?? name);
    if (id === undefined) return undefined;
    if (this.#known.size >= NAMES_REMEMBERED) this.#known.clear();
    this.#known.set(name, id);
    return id;
  }
}
