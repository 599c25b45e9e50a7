import { parseTime } from '../format/parse-time.js';

/** Spans that end now, by their names in the URL, in hours. */
export const SPANS = { '3h': 3, '24h': 24, '7d': 168, '30d': 720, '1y': 8760 } as const;
export type Span = keyof typeof SPANS;

const HOUR_MS = 3_600_000;
const SPAN_MS_MIN = 10 * 60_000;
const SPAN_MS_MAX = 10 * 366 * 24 * HOUR_MS;

/** What a chart shows. Without a `span` both ends stand. */
export interface TimeWindow {
  readonly span: Span | undefined;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The window that a URL names: `span`, or `from` and `to`; the last 24 hours if it names none. */
export function timeWindow(
  query: {
    readonly span?: string | undefined;
    readonly from?: string | undefined;
    readonly to?: string | undefined;
  },
  nowMs: number,
): TimeWindow {
  const [fromMs, toMs] = [parseTime(query.from), parseTime(query.to)];
  if (fromMs !== undefined && toMs !== undefined && fromMs < toMs) return { span: undefined, fromMs, toMs };
  const span = Object.hasOwn(SPANS, query.span ?? '') ? (query.span as Span) : '24h';
  return { span, fromMs: nowMs - SPANS[span] * HOUR_MS, toMs: nowMs };
}

/** The same window a part of its length later, or earlier; not beyond now. */
export function moved({ fromMs, toMs }: TimeWindow, share: number, nowMs: number): TimeWindow {
  const stepMs = Math.min((toMs - fromMs) * share, Math.max(0, nowMs - toMs));
  return { span: undefined, fromMs: fromMs + stepMs, toMs: toMs + stepMs };
}

/** A window that was taken beyond now, back to where it ends now. */
export function notBeyond({ fromMs, toMs }: TimeWindow, nowMs: number): TimeWindow {
  const shiftMs = Math.max(0, toMs - nowMs);
  return { span: undefined, fromMs: fromMs - shiftMs, toMs: toMs - shiftMs };
}

/** A window so many times as long about the same middle; not beyond now. */
export function zoomed({ fromMs, toMs }: TimeWindow, factor: number, nowMs: number): TimeWindow {
  const lengthMs = Math.min(SPAN_MS_MAX, Math.max(SPAN_MS_MIN, (toMs - fromMs) * factor));
  const endMs = Math.min(nowMs, (fromMs + toMs + lengthMs) / 2);
  return { span: undefined, fromMs: endMs - lengthMs, toMs: endMs };
}

/** A window as the parameters of a URL. */
export function windowParameters({ span, fromMs, toMs }: TimeWindow) {
  if (span !== undefined) return { span: span === '24h' ? undefined : span, from: undefined, to: undefined };
  const text = (ms: number) => new Date(Math.round(ms / 1000) * 1000).toISOString().replace('.000', '');
  return { span: undefined, from: text(fromMs), to: text(toMs) };
}
