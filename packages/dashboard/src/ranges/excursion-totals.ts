import type { Answer } from '../api/client.js';
import { type Condition, conditionBeyond } from '../lab/condition.js';

/** How often a lab was beyond a limit, and for how long in all. */
export interface ExcursionTotal {
  readonly count: number;
  readonly ms: number;
  /** What it was, and for how long: the longest first. */
  readonly kinds: readonly { readonly condition: Condition; readonly ms: number }[];
}

export const NO_EXCURSIONS: ExcursionTotal = { count: 0, ms: 0, kinds: [] };

type Excursion = Pick<
  Answer<'/excursions'>['excursions'][number],
  'lab_id' | 'metric' | 'side' | 'start' | 'end'
>;
type Span = readonly [fromMs: number, toMs: number];

/**
 * The totals of each lab that has any. Time that is both too warm and too damp counts once.
 * @param toMs where time ends: the last bucket of an excursion may not be over.
 */
export function excursionTotals(
  excursions: readonly Excursion[],
  toMs: number,
): ReadonlyMap<string, ExcursionTotal> {
  const ofLab = new Map<string, Map<Condition, Span[]>>();
  for (const { lab_id, metric, side, start, end } of excursions) {
    const kinds = ofLab.get(lab_id) ?? new Map<Condition, Span[]>();
    ofLab.set(lab_id, kinds);
    const condition = conditionBeyond(metric, side);
    const spans = kinds.get(condition) ?? [];
    kinds.set(condition, spans);
    spans.push([Date.parse(start), Math.min(Date.parse(end), toMs)]);
  }
  return new Map([...ofLab].map(([lab, kinds]) => [lab, totalOf(kinds)]));
}

function totalOf(spansOf: ReadonlyMap<Condition, readonly Span[]>): ExcursionTotal {
  const all = [...spansOf.values()].flat();
  const kinds = [...spansOf].map(([condition, spans]) => ({ condition, ms: coveredMs(spans) }));
  return { count: all.length, ms: coveredMs(all), kinds: kinds.sort((a, b) => b.ms - a.ms) };
}

/** How much time the spans cover together. */
function coveredMs(spans: readonly Span[]): number {
  let ms = 0;
  let endMs = -Infinity;
  for (const [fromMs, toMs] of spans.toSorted(([a], [b]) => a - b)) {
    if (toMs <= endMs) continue;
    ms += toMs - Math.max(fromMs, endMs);
    endMs = toMs;
  }
  return ms;
}
