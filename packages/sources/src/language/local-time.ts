import { rfc3339ToMs } from '@humtemp/bucket-core';

const LOCAL = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d{1,20})?$/i;
const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;
/** Offsets remembered of one zone. */
const OFFSETS_MAX = 10_000;

const formats = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, Map<number, number>>();

/** The name of a zone as given. @throws RangeError if this Node knows no such zone. */
export function zoneOf(name: string): string {
  try {
    formatOf(name);
    return name;
  } catch {
    throw new RangeError(`"${name}": the name of a time zone, such as Europe/Berlin or UTC`);
  }
}

/**
 * Unix milliseconds of a date and time without a zone, such as `2026-11-28T16:00:00`, meant in `zone`. In the
 * hour that comes twice in autumn it is the one nearer to `nowMs`. Undefined if it is no such text, or the
 * zone left that hour out.
 */
export function localToMs(text: string, zone: string, nowMs: number): number | undefined {
  if (!LOCAL.test(text)) return undefined;
  const wallMs = rfc3339ToMs(`${text}Z`);
  if (wallMs === undefined) return undefined;
  // The offsets a day before and after are all that can hold.
  let best: number | undefined;
  for (const around of [wallMs - DAY_MS, wallMs + DAY_MS]) {
    const ms = wallMs - offsetMs(zone, around);
    if (offsetMs(zone, ms) !== wallMs - ms) continue;
    if (best === undefined || Math.abs(ms - nowMs) < Math.abs(best - nowMs)) best = ms;
  }
  return best;
}

/** What a clock of the zone is ahead of UTC at that instant. No zone changes but at a quarter of an hour. */
function offsetMs(zone: string, ms: number): number {
  const quarter = Math.floor(ms / QUARTER_MS);
  let known = offsets.get(zone);
  if (known === undefined) {
    known = new Map();
    offsets.set(zone, known);
  }
  let offset = known.get(quarter);
  if (offset === undefined) {
    offset = computeOffsetMs(zone, quarter * QUARTER_MS);
    if (known.size >= OFFSETS_MAX) known.clear();
    known.set(quarter, offset);
  }
  return offset;
}

function computeOffsetMs(zone: string, ms: number): number {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(ms)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, second } = parts;
  return (
    Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) - ms
  );
}

function formatOf(zone: string): Intl.DateTimeFormat {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(zone, format);
  }
  return format;
}
