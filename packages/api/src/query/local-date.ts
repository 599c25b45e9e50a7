const DAY_MS = 86_400_000;
/** The largest distance of a time zone from UTC, and a change of it, with room. */
const OFF_MS_MAX = 26 * 3_600_000;

const formats = new Map<string, Intl.DateTimeFormat>();
/** Starts of days that were looked for, by zone and date. */
const starts = new Map<string, number>();
const KEPT_MAX = 10_000;

/** The date that a calendar on the wall shows in a time zone, as YYYY-MM-DD. */
export function localDate(ms: number, timeZone: string): string {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-CA', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    formats.set(timeZone, format);
  }
  return format.format(ms);
}

/**
 * When a date begins in a time zone, Unix milliseconds: its first moment, which is not midnight where clocks are put
 * forward then.
 */
export function startOfDate(date: string, timeZone: string): number {
  const key = `${timeZone} ${date}`;
  const known = starts.get(key);
  if (known !== undefined) return known;
  const utcMs = Date.parse(`${date}T00:00:00Z`);
  // Dates never go back, so the first moment can be searched for: to a second, as zones have no finer borders.
  let [before, from] = [(utcMs - OFF_MS_MAX) / 1000, (utcMs + OFF_MS_MAX) / 1000];
  while (from - before > 1) {
    const middle = Math.floor((before + from) / 2);
    if (localDate(middle * 1000, timeZone) >= date) from = middle;
    else before = middle;
  }
  if (starts.size >= KEPT_MAX) starts.clear();
  starts.set(key, from * 1000);
  return from * 1000;
}

/** The date after another one. */
export function nextDate(date: string): string {
  return shiftedDate(date, 1);
}

/** The date so many days after another one. */
export function shiftedDate(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
}
