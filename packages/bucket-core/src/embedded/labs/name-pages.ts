import { FirstNames } from '../../store/first-names.js';
import { DamagedFileError } from '../files/disk-error.js';
import { SECTION } from '../tables/table-format.js';
import { Turns } from '../turns.js';
import type { LabBuckets } from './lab-buckets.js';

const PAGE_NAMES_MAX = 2000;
/** Names looked at before it is asked whether others have their turn. */
const LOOKED_AT = 500;

/**
 * Names of labs after `after` in order, without those whose last bucket has expired, at most `limit`. Each that was known
 * when the reading began is among them.
 */
export async function namesAfter(
  labs: LabBuckets,
  after: string,
  limit: number,
  nowMs: number,
): Promise<readonly string[]> {
  const names: string[] = [];
  const turns = new Turns();
  for (let last: string | undefined = after; last !== undefined && names.length < limit; ) {
    const wanted = Math.min(limit - names.length, PAGE_NAMES_MAX);
    // First these, then the tables: a lab that is saved in between is found there.
    const unsaved = await firstUnsaved(labs, last, wanted, nowMs, turns);
    const saved = savedNames(labs, last, wanted, nowMs);
    const ends = [unsaved.end, saved.end].filter((end) => end !== undefined);
    const end = ends.sort()[0];
    const both = [...new Set([...unsaved.sorted, ...saved.names])].sort();
    names.push(...(end === undefined ? both : both.filter((name) => name <= end)));
    last = end;
    await turns.next();
  }
  return names.slice(0, limit);
}

/** The first names after `after` that no table has. */
async function firstUnsaved(
  labs: LabBuckets,
  after: string,
  limit: number,
  nowMs: number,
  turns: Turns,
): Promise<FirstNames> {
  const first = new FirstNames(after, limit);
  for (const delta of [labs.frozen, labs.active]) {
    if (delta === undefined) continue;
    const { newLabs } = delta;
    let left = newLabs.size;
    for (const lab of newLabs) {
      if (left === 0) break;
      left -= 1;
      if (left % LOOKED_AT === 0 && turns.isDue) await turns.next();
      if (!first.wants(lab)) continue;
      const newestMs = labs.newestMs(lab);
      if (newestMs !== undefined && !labs.isForgotten(newestMs, nowMs)) first.add(lab);
    }
  }
  return first;
}

/** Read without a pause. `end`: the last name that was looked at, unless that was the last one there is. */
function savedNames(
  labs: LabBuckets,
  after: string,
  limit: number,
  nowMs: number,
): { names: readonly string[]; end: string | undefined } {
  const cursors = labs.tables.scan(SECTION.names);
  for (const cursor of cursors) cursor.seekBehind(after);
  const names: string[] = [];
  let end: string | undefined;
  for (let lookedAt = 0; names.length < limit && lookedAt < PAGE_NAMES_MAX; lookedAt++) {
    let first: string | undefined;
    for (const { isAtEnd, damagedTo, name, table } of cursors) {
      if (damagedTo !== undefined)
        throw new DamagedFileError(table.file.path, 'names of labs cannot be read');
      if (!isAtEnd && (first === undefined || name < first)) first = name;
    }
    if (first === undefined) return { names, end: undefined };
    for (const cursor of cursors) if (!cursor.isAtEnd && cursor.name === first) cursor.next();
    end = first;
    const newestMs = labs.newestMs(first);
    if (newestMs !== undefined && !labs.isForgotten(newestMs, nowMs)) names.push(first);
  }
  return { names, end };
}
