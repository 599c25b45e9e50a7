import type { BucketStore } from '@humtemp/bucket-core';
import type { Scope } from '../access/scope.js';
import { beforePrefix } from './lab-prefix.js';

const ANY_END = '*';

/**
 * Ids of labs after `after` with this prefix that a request may see, in the order of their characters' codes, at most
 * `limit`. One that the scope names need not be known. No others are looked at, so that none of them shows in a cursor.
 */
export async function visibleLabs(
  store: Pick<BucketStore, 'labs'>,
  scope: Scope,
  prefix: string,
  after: string,
  limit: number,
  nowMs: number,
): Promise<string[]> {
  const named = scope.labs.filter((item) => !item.endsWith(ANY_END));
  const found = new Set(named.filter((lab) => lab.startsWith(prefix) && lab > after));
  for (const item of scope.labs) {
    if (!item.endsWith(ANY_END)) continue;
    const allowed = item.slice(0, -ANY_END.length);
    if (!allowed.startsWith(prefix) && !prefix.startsWith(allowed)) continue;
    const wanted = allowed.length > prefix.length ? allowed : prefix;
    const start = [after, beforePrefix(wanted)].sort().at(-1)!;
    const labs = (await store.labs(start, limit, nowMs)).filter((lab) => lab.startsWith(wanted));
    // As most requests may see all labs, of which there can be many: they are in order already.
    if (scope.labs.length === 1) return labs;
    for (const lab of labs) found.add(lab);
  }
  return [...found].sort().slice(0, limit);
}
