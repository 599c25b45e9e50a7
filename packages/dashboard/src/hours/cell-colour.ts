interface CellValues {
  readonly avg: number;
  readonly in_range?: number | null;
}

/** What of a bucket a cell shows. */
export interface CellBucket {
  readonly coverage: number | null;
  readonly temp: CellValues | null;
  readonly humidity: CellValues | null;
}

/** What the colour of a cell says. */
export type ColourMode = 'range' | 'temp' | 'humidity';
export const COLOUR_MODES: readonly ColourMode[] = ['range', 'temp', 'humidity'];

/** What a cell shows. `level` is a class of 0 to 8; `value` what it stands for: a share, °C or %RH. */
export interface Cell {
  readonly kind: 'nothing' | 'value';
  readonly level: number;
  readonly value: number | null;
  readonly isSparse: boolean;
}

/** Below this share of what was to be expected, a cell is hatched. */
export const COVERAGE_LOW = 0.5;
const LEVELS = 8;

const NOTHING: Cell = { kind: 'nothing', level: 0, value: null, isSparse: false };

/** The cell of a bucket; without a bucket, or a value that the mode asks for, it is empty. */
export function cellOf(
  bucket: CellBucket | undefined,
  mode: ColourMode,
  scale: { readonly from: number; readonly to: number },
): Cell {
  if (bucket === undefined) return NOTHING;
  const value = mode === 'range' ? shareInRange(bucket) : (bucket[mode]?.avg ?? null);
  if (value === null) return NOTHING;
  const share = mode === 'range' ? value : (value - scale.from) / (scale.to - scale.from || 1);
  // All in range is a class of its own: one observation outside is to be seen.
  const level =
    mode === 'range'
      ? value === 1
        ? LEVELS
        : Math.floor(value * LEVELS)
      : Math.round(Math.min(1, Math.max(0, share)) * LEVELS);
  return { kind: 'value', level, value, isSparse: (bucket.coverage ?? 1) < COVERAGE_LOW };
}

/** The smaller share of the two metrics within their limits; `null` where none has limits. */
export function shareInRange({ temp, humidity }: Pick<CellBucket, 'temp' | 'humidity'>): number | null {
  const shares = [temp?.in_range, humidity?.in_range].filter(
    (share) => share !== undefined && share !== null,
  );
  return shares.length === 0 ? null : Math.min(...shares);
}

/** From the lowest to the highest of values. */
export function scaleOf(values: readonly (number | null)[]): { from: number; to: number } {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? { from: 0, to: 1 } : { from: Math.min(...known), to: Math.max(...known) };
}
