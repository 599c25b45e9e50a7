import type { Lab } from '../lab/lab.js';

const COLLATOR = new Intl.Collator('en', { numeric: true });

/**
 * The places of labs in the order of their names. To compare names is slow, and they hardly ever change: they are
 * sorted only when one has.
 */
export class NameOrder {
  #labs = new Map<string, Pick<Lab, 'name' | 'group'>>();
  #places: ReadonlyMap<string, number> = new Map();

  /** The place of each lab, by its id. */
  of(labs: readonly Lab[]): ReadonlyMap<string, number> {
    if (!this.#isSame(labs)) {
      this.#labs = new Map(labs.map((lab) => [lab.id, lab]));
      const sorted = labs.toSorted(
        (a, b) =>
          COLLATOR.compare(a.name, b.name) ||
          COLLATOR.compare(a.group, b.group) ||
          COLLATOR.compare(a.id, b.id),
      );
      this.#places = new Map(sorted.map(({ id }, place) => [id, place]));
    }
    return this.#places;
  }

  #isSame(labs: readonly Lab[]): boolean {
    return (
      labs.length === this.#labs.size &&
      labs.every(({ id, name, group }) => {
        const known = this.#labs.get(id);
        return known !== undefined && known.name === name && known.group === group;
      })
    );
  }
}

/** Groups in the order of their names; labs without one come last. */
export function compareGroups(a: string, b: string): number {
  return Number(a === '') - Number(b === '') || COLLATOR.compare(a, b);
}
