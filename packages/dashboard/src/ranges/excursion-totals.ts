import type { Answer } from '../api/client.js';

/** How often a lab was beyond a limit, and for how long in all. */
export interface ExcursionTotal {
  readonly count: number;
  readonly ms: number;
}

type Excursion = Pick<Answer<'/excursions'>['excursions'][number], 'lab_id' | 'start' | 'end'>;

/** The totals of each lab that has any. Time that is both too warm and too damp counts once. */
export function excursionTotals(excursions: readonly Excursion[]): ReadonlyMap<string, ExcursionTotal> {
  const spansOf = new Map<string, [fromMs: number, toMs: number][]>();
  for (const { lab_id, start, end } of excursions) {
    const spans = spansOf.get(lab_id) ?? [];
    spansOf.set(lab_id, spans);
    spans.push([Date.parse(start), Date.parse(end)]);
  }
  return new Map([...spansOf].map(([lab, spans]) => [lab, { count: spans.length, ms: coveredMs(spans) }]));
}

/** How much time the spans cover together. */
function coveredMs(spans: readonly (readonly [fromMs: number, toMs: number])[]): number {
  let ms = 0;
  let endMs = -Infinity;
  for (const [fromMs, toMs] of spans.toSorted(([a], [b]) => a - b)) {
    if (toMs <= endMs) continue;
    ms += toMs - Math.max(fromMs, endMs);
    endMs = toMs;
  }
  return ms;
}
