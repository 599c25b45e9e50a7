const formats = new Map<string, Intl.DateTimeFormat>();

export interface Place {
  readonly locale: string;
  /** IANA name. */
  readonly zone: string;
}

const STYLES = {
  time: { hour: '2-digit', minute: '2-digit' },
  seconds: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
  dayOfMonth: { day: 'numeric', month: 'short' },
  day: { weekday: 'short', day: 'numeric', month: 'short' },
  date: { day: 'numeric', month: 'short', year: 'numeric' },
  moment: { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' },
  full: {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  },
  month: { month: 'long', year: 'numeric' },
  monthName: { month: 'short' },
  weekday: { weekday: 'short' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

/** A moment of Unix milliseconds as it is written there, on a clock of 24 hours. */
export function moment(ms: number, style: keyof typeof STYLES, { locale, zone }: Place): string {
  return formatOf(`${style} ${locale} ${zone}`, locale, {
    ...STYLES[style],
    hourCycle: 'h23',
    timeZone: zone,
  }).format(ms);
}

function formatOf(key: string, locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  let format = formats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale, options);
    formats.set(key, format);
  }
  return format;
}

/** How far a zone's clock is ahead of UTC at a moment, in milliseconds. */
export function zoneOffsetMs(ms: number, zone: string): number {
  const format = formatOf(`offset ${zone}`, 'en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(ms)) part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

/** The start of the local day that holds a moment, `days` later; right where a clock is changed. */
export function startOfDay(ms: number, zone: string, days = 0): number {
  return hourOfDay(ms, zone, 0, days);
}

/** A full hour of the local day that holds a moment, `days` later. */
export function hourOfDay(ms: number, zone: string, hour: number, days = 0): number {
  const local = new Date(ms + zoneOffsetMs(ms, zone));
  return instantOf(
    Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate() + days, hour),
    zone,
  );
}

/** The day of the week that a moment is in: 0 is Monday. */
export function weekdayOf(ms: number, zone: string): number {
  return (new Date(ms + zoneOffsetMs(ms, zone)).getUTCDay() + 6) % 7;
}

/** From one moment to another, the day only once where it is the same. */
export function momentSpan(fromMs: number, toMs: number, place: Place): string {
  const isSameDay = startOfDay(fromMs, place.zone) === startOfDay(toMs, place.zone);
  return `${moment(fromMs, 'moment', place)} – ${moment(toMs, isSameDay ? 'time' : 'moment', place)}`;
}

/** The start of the local month that holds a moment, `months` later. */
export function startOfMonth(ms: number, zone: string, months = 0): number {
  const local = new Date(ms + zoneOffsetMs(ms, zone));
  return instantOf(Date.UTC(local.getUTCFullYear(), local.getUTCMonth() + months, 1), zone);
}

/** The moment at which a zone's clock shows what UTC's shows at `wallMs`. */
export function instantOf(wallMs: number, zone: string): number {
  const guess = wallMs - zoneOffsetMs(wallMs, zone);
  return wallMs - zoneOffsetMs(guess, zone);
}

/** What a zone's clock shows, as an input of type datetime-local has it. */
export function wallClock(ms: number, zone: string): string {
  return new Date(ms + zoneOffsetMs(ms, zone)).toISOString().slice(0, 16);
}
