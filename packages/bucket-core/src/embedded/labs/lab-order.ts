import type { Turns } from '../turns.js';

/** Labs are sorted in so many groups, one after the other, so that no sorting takes long. */
const GROUPS = 256;
const GROUP_SPAN = 2 ** 53 / GROUPS;

interface Hashed {
  readonly hash: number;
  readonly lab: string;
}

/** The first `count` of these in the order of tables: by hash, then by name. */
export async function* groupedByHash<T extends Hashed>(
  labs: Iterable<T>,
  count: number,
  turns: Turns,
): AsyncGenerator<readonly T[]> {
  const groups: T[][] = Array.from({ length: GROUPS }, () => []);
  let seen = 0;
  for (const lab of labs) {
    if (seen === count) break;
    seen += 1;
    groups[Math.floor(lab.hash / GROUP_SPAN)]!.push(lab);
    if (seen % 256 === 0 && turns.isDue) await turns.next();
  }
  for (const [i, group] of groups.entries()) {
    yield group.sort(byHash);
    groups[i] = [];
    if (turns.isDue) await turns.next();
  }
}

export function byHash(a: Hashed, b: Hashed): number {
  return a.hash - b.hash || (a.lab < b.lab ? -1 : a.lab > b.lab ? 1 : 0);
}
