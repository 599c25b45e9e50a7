/** Tables of about the same size are put together when there are so many. */
const TABLES_OF_A_SIZE = 4;
const TABLES_AT_ONCE = 8;
/** Below, all are of the same size. */
const SMALL_BYTES = 2 ** 20;
/** A table is written anew when so much of it has expired. */
const EXPIRED_SHARE = 0.5;

export interface Plannable {
  readonly bytes: number;
  readonly isDamaged: boolean;
  /** Bytes of sections that have expired. */
  readonly expiredBytes: number;
}

/**
 * Which tables to put together now: so many of a size, the smallest first, so that an observation is written anew only as
 * often as the logarithm of what there is; or one of which much has expired.
 */
export function tablesToMerge<T extends Plannable>(tables: readonly T[]): readonly T[] {
  const whole = tables.filter(({ isDamaged }) => !isDamaged);
  const bySize = new Map<number, T[]>();
  for (const table of whole) {
    const size = Math.max(0, Math.floor(Math.log(table.bytes / SMALL_BYTES) / Math.log(TABLES_OF_A_SIZE)));
    bySize.set(size, [...(bySize.get(size) ?? []), table]);
  }
  for (const [, group] of [...bySize].sort(([a], [b]) => a - b))
    if (group.length >= TABLES_OF_A_SIZE) return group.slice(0, TABLES_AT_ONCE);
  return whole.filter(({ bytes, expiredBytes }) => expiredBytes > bytes * EXPIRED_SHARE).slice(0, 1);
}
