import type { Cursor } from './cursor.js';

/** What all sources have of one lab. */
export interface Group {
  hash: number;
  name: string;
  /** Those that stand at it. */
  readonly cursors: Cursor[];
}

/**
 * Walks through several sections at once, lab by lab, in their order. Between two calls of `next`, the cursors of the
 * group stand at its values. Labs that a damaged block may hold are left out: what others have of them is not all.
 */
export class MergedCursors {
  readonly group: Group = { hash: 0, name: '', cursors: [] };
  /** Damaged blocks that were met. */
  readonly #damages: { readonly from: number; readonly to: number; readonly place: string }[] = [];

  /** @param onDamage is called for each damaged block, and for each lab that is left out, with its name */
  constructor(
    readonly cursors: readonly Cursor[],
    readonly onDamage: (place: string, lab: string | undefined) => void,
  ) {}

  /** Goes to the first lab whose hash is not below this one; its group is what `next` returns. */
  seek(hash: number): void {
    for (const cursor of this.cursors) cursor.seek(hash);
    this.group.cursors.length = 0;
  }

  /** The next group, or undefined at the end. Its cursors are moved on by the call after that. */
  next(): Group | undefined {
    for (const cursor of this.group.cursors) cursor.next();
    for (;;) {
      const group = this.#first();
      if (group === undefined) return undefined;
      const damaged = group.cursors.find(({ damagedTo }) => damagedTo !== undefined);
      if (damaged !== undefined) {
        const { hash, damagedTo, place } = damaged;
        this.#damages.push({ from: hash, to: damagedTo!, place });
        this.onDamage(place, undefined);
        damaged.next();
        continue;
      }
      const place = this.damageAt(group.hash);
      if (place === undefined) return group;
      this.onDamage(place, group.name);
      for (const cursor of group.cursors) cursor.next();
    }
  }

  /** The damaged block that a lab may be in; undefined if it may be in none of those that were met. */
  damageAt(hash: number): string | undefined {
    return this.#damages.find(({ from, to }) => from <= hash && hash < to)?.place;
  }

  #first(): Group | undefined {
    const { group } = this;
    group.cursors.length = 0;
    for (const cursor of this.cursors) {
      if (cursor.isAtEnd) continue;
      const isFirst = group.cursors.length === 0;
      if (isFirst || cursor.hash < group.hash || (cursor.hash === group.hash && cursor.name < group.name)) {
        group.cursors.length = 0;
        group.hash = cursor.hash;
        group.name = cursor.name;
        group.cursors.push(cursor);
      } else if (cursor.hash === group.hash && cursor.name === group.name) group.cursors.push(cursor);
    }
    return group.cursors.length === 0 ? undefined : group;
  }
}
