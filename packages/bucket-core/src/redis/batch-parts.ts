import { ROW_LENGTH } from '../store/batch.js';
import type { CommitResult } from '../store/commit-result.js';
import type { Part } from './commit-call.js';
import type { LabState } from './lab-states.js';

/** Rows of one part at most: they and their number fit into the script's answer. */
const PART_ROWS_MAX = 1000;

/**
 * A lab's rows as parts, in the order of time. Rows that no resolution keeps any more are counted in `result`; repeats
 * are counted with the part.
 */
export function addPartsOf(
  state: LabState,
  rows: readonly number[],
  oldestMs: number,
  deduplicates: boolean,
  result: CommitResult,
  parts: Part[],
): void {
  const dropped: number[] = [];
  const sorted = isRising(rows, oldestMs) ? rows : sortedRows(rows, oldestMs, deduplicates, dropped, result);
  if (sorted.length === 0) return;
  const step = PART_ROWS_MAX * ROW_LENGTH;
  for (let i = 0; i < sorted.length; i += step)
    parts.push({
      state,
      rows: sorted.length <= step ? sorted : sorted.slice(i, i + step),
      dropped: i === 0 ? dropped : [],
      suspended: 0,
      flags: 0,
      generation: 0,
      expiryS: 0,
      isAlone: false,
      isRepaired: false,
    });
}

/** Almost all are in the order of time, each at a time of its own. */
function isRising(rows: readonly number[], oldestMs: number): boolean {
  let beforeMs = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows.length; i += ROW_LENGTH) {
    const ms = rows[i]!;
    if (ms <= beforeMs || ms < oldestMs) return false;
    beforeMs = ms;
  }
  return true;
}

function sortedRows(
  rows: readonly number[],
  oldestMs: number,
  deduplicates: boolean,
  dropped: number[],
  result: CommitResult,
): number[] {
  const places: number[] = [];
  for (let i = 0; i < rows.length; i += ROW_LENGTH) {
    if (rows[i]! < oldestMs) result.expired += 1;
    else places.push(i);
  }
  const difference = (a: number, b: number) =>
    rows[a]! - rows[b]! ||
    rows[a + 1]! - rows[b + 1]! ||
    rows[a + 2]! - rows[b + 2]! ||
    rows[a + 3]! - rows[b + 3]!;
  places.sort(difference);
  const sorted: number[] = [];
  places.forEach((place, i) => {
    const isRepeat = deduplicates && i > 0 && difference(places[i - 1]!, place) === 0;
    const to = isRepeat ? dropped : sorted;
    to.push(rows[place]!, rows[place + 1]!, rows[place + 2]!, rows[place + 3]!);
  });
  return sorted;
}
