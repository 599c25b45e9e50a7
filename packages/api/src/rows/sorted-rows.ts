import { setImmediate as nextTurn } from 'node:timers/promises';

/** Rows compared before everything else has a turn. */
const ROWS_AT_ONCE = 5000;

/** A row of each lab. */
interface LabRow {
  readonly lab_id: string;
}

export function byLab(a: LabRow, b: LabRow): number {
  return a.lab_id < b.lab_id ? -1 : 1;
}

/** All rows of pages that are in order each, in the order of their labs. Merges two by two: nobody waits for long. */
export async function mergedRows<T extends LabRow>(pages: readonly (readonly T[])[]): Promise<readonly T[]> {
  let runs = pages;
  while (runs.length > 1) {
    const merged: (readonly T[])[] = [];
    for (let i = 0; i < runs.length; i += 2) merged.push(await mergedRuns(runs[i]!, runs[i + 1] ?? []));
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergedRuns<T extends LabRow>(one: readonly T[], other: readonly T[]): Promise<readonly T[]> {
  if (one.length === 0 || other.length === 0 || one.at(-1)!.lab_id < other[0]!.lab_id)
    return one.concat(other);
  const merged: T[] = [];
  for (let i = 0, j = 0; i < one.length || j < other.length; ) {
    const isOne = j === other.length || (i < one.length && one[i]!.lab_id < other[j]!.lab_id);
    merged.push(isOne ? one[i++]! : other[j++]!);
    if (merged.length % ROWS_AT_ONCE === 0) await nextTurn();
  }
  return merged;
}

/** Rows as a JSON array, written some at a time. */
export async function jsonOfRows(rows: readonly object[]): Promise<string> {
  let text = '';
  for (let i = 0; i < rows.length; i += ROWS_AT_ONCE) {
    const some = JSON.stringify(rows.slice(i, i + ROWS_AT_ONCE));
    text += `${i === 0 ? '' : ','}${some.slice(1, -1)}`;
    if (i + ROWS_AT_ONCE < rows.length) await nextTurn();
  }
  return `[${text}]`;
}
