import { fixed, inUnit, percent } from '../format/measures.js';
import { moment } from '../format/moments.js';
import { clockPlace, locale, unit, words } from '../settings/settings.js';
import { hrefWith, labHref } from '../shell/place.js';
import { type Cell, type CellBucket, type ColourMode, cellOf } from './cell-colour.js';

const HOUR_MS = 3_600_000;

interface HourCellProps {
  readonly id: string;
  readonly name: string;
  readonly startMs: number;
  /** An hour later, if not given. */
  readonly endMs?: number;
  readonly bucket: CellBucket | undefined;
  readonly mode: ColourMode;
  readonly scale: { readonly from: number; readonly to: number };
  readonly tabIndex: number;
}

/** An hour of a lab: its colour says how it was, its link leads there. */
export function HourCell(props: HourCellProps) {
  const { id, name, startMs, endMs = startMs + HOUR_MS, bucket, mode, scale, tabIndex } = props;
  const cell = cellOf(bucket, mode, scale);
  const iso = (ms: number) => new Date(ms).toISOString().replace('.000', '');
  const text = words.value.hours.cell(
    name,
    moment(startMs, endMs - startMs > HOUR_MS ? 'day' : 'moment', clockPlace.value),
    cellText(cell, bucket, mode),
  );
  const query = { from: iso(startMs), to: iso(endMs), span: undefined };
  return (
    <a
      class="cell"
      href={hrefWith(
        { ...query, colour: undefined, day: undefined, days: undefined, q: undefined },
        labHref(id),
      )}
      data-page
      data-kind={cell.kind}
      data-mode={mode}
      data-level={cell.level}
      data-sparse={cell.isSparse}
      title={text}
      tabIndex={tabIndex}
    >
      <span class="sr">{text}</span>
    </a>
  );
}

/** What a cell shows, in words. */
export function cellText(
  cell: Cell,
  bucket: Pick<CellBucket, 'coverage'> | undefined,
  mode: ColourMode,
): string {
  const { hours } = words.value;
  if (cell.value === null || bucket === undefined) return hours.nothing;
  const value =
    mode === 'range'
      ? percent(cell.value, locale.value)
      : mode === 'temp'
        ? `${fixed(inUnit(cell.value, unit.value.value), 1, locale.value)} °${unit.value.value}`
        : `${fixed(cell.value, 0, locale.value)} %`;
  return cell.isSparse ? `${value}, ${hours.covered(percent(bucket.coverage, locale.value))}` : value;
}
