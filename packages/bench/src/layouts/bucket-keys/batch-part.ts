import { type BucketGrid, bucketExpiryS, bucketStartS, identityHour, ROW_LENGTH } from '@humtemp/bucket-core';

/** Rows in one part at most: bounds the arguments of one store call. */
export const PART_ROWS_MAX = 1000;

/**
 * Rows of one lab and batch that go to the same places: the same hour's identities and the same bucket in every
 * resolution. It is the unit in which stores commit.
 */
export interface BatchPart {
  readonly lab: string;
  /** Whole hours since 1970. */
  readonly hour: number;
  /** Whatever was measured in [fromMs, toMs), Unix milliseconds, goes to the same places; all the rows were. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Start of the bucket in each resolution of the grid, or undefined where that bucket has expired. */
  readonly startsS: readonly (number | undefined)[];
  readonly rows: readonly number[];
}

/** The parts of a lab's rows, and how many rows no resolution keeps any more. */
export function partsOf(
  lab: string,
  rows: readonly number[],
  grid: BucketGrid,
  nowMs: number,
): { parts: BatchPart[]; expired: number } {
  const parts: OpenPart[] = [];
  const open = new Map<number, OpenPart>();
  let expired = 0;
  let part: OpenPart | undefined;
  // The span of time in which every row goes to the same places as the row before it.
  let spanFromMs = 0;
  let spanToMs = 0;
  for (let i = 0; i < rows.length; i += ROW_LENGTH) {
    const timestampMs = rows[i]!;
    if (timestampMs < spanFromMs || timestampMs >= spanToMs) {
      const hour = identityHour(timestampMs);
      spanFromMs = hour * 3_600_000;
      spanToMs = spanFromMs + 3_600_000;
      const startsS = grid.resolutions.map((resolution) => {
        const startS = bucketStartS(timestampMs, resolution.durationS, grid.alignmentS);
        spanFromMs = Math.max(spanFromMs, startS * 1000);
        spanToMs = Math.min(spanToMs, (startS + resolution.durationS) * 1000);
        return bucketExpiryS(startS, resolution) * 1000 > nowMs ? startS : undefined;
      });
      // Almost always all rows go to the same places, and need not be copied.
      if (i === 0 && rows.length <= PART_ROWS_MAX * ROW_LENGTH && areWithin(rows, spanFromMs, spanToMs)) {
        const isKept = startsS.some((startS) => startS !== undefined);
        return isKept
          ? { parts: [{ lab, hour, fromMs: spanFromMs, toMs: spanToMs, startsS, rows }], expired: 0 }
          : { parts: [], expired: rows.length / ROW_LENGTH };
      }
      part = open.get(spanFromMs);
      if (part === undefined && startsS.some((startS) => startS !== undefined)) {
        part = { lab, hour, fromMs: spanFromMs, toMs: spanToMs, startsS, rows: [] };
        open.set(spanFromMs, part);
        parts.push(part);
      }
    }
    if (part === undefined) {
      expired += 1;
      continue;
    }
    if (part.rows.length === PART_ROWS_MAX * ROW_LENGTH) {
      part = { ...part, rows: [] };
      open.set(spanFromMs, part);
      parts.push(part);
    }
    part.rows.push(timestampMs, rows[i + 1]!, rows[i + 2]!, rows[i + 3]!);
  }
  return { parts, expired };
}

interface OpenPart extends BatchPart {
  readonly rows: number[];
}

/** Whether all rows were measured in [fromMs, toMs). */
export function areWithin(rows: readonly number[], fromMs: number, toMs: number): boolean {
  for (let i = 0; i < rows.length; i += ROW_LENGTH) if (rows[i]! < fromMs || rows[i]! >= toMs) return false;
  return true;
}
