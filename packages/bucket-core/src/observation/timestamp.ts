/** Milliseconds of the end of the year 9999, the last that RFC 3339 can write. */
const TIMESTAMP_MS_MAX = 253_402_300_799_999;

// RFC 3339 §5.6 date-time: the zone is required; its letters may be lower case, and a space may stand for the T.
const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,20}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * Unix milliseconds of an observation's timestamp: Unix seconds (integer or fractional, rounded to the millisecond)
 * or an RFC 3339 text. Undefined for everything else; milliseconds sent as seconds lie beyond the year 9999 and are
 * refused too. A leap second (:60) has no Unix time and is refused.
 */
export function timestampToMs(timestamp: unknown): number | undefined {
  if (typeof timestamp === 'number') {
    const ms = Math.round(timestamp * 1000);
    return Math.abs(ms) <= TIMESTAMP_MS_MAX ? ms + 0 : undefined;
  }
  if (typeof timestamp === 'string') return rfc3339ToMs(timestamp);
  return undefined;
}

/** Unix milliseconds of an RFC 3339 date-time with zone, or undefined. */
export function rfc3339ToMs(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  // Not Date.UTC: it takes the years 0 to 99 for 1900 to 1999.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that the month does not have moves the date on.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const fractionMs = match[7] === undefined ? 0 : Math.round(Number(`0.${match[7]}`) * 1000);
  const zoneHour = Number(match[9] ?? 0);
  const zoneMinute = Number(match[10] ?? 0);
  if (zoneHour > 23 || zoneMinute > 59) return undefined;
  const zoneMs = (match[8] === '-' ? -1 : 1) * (zoneHour * 60 + zoneMinute) * 60_000;
  return date.getTime() + ((hour * 60 + minute) * 60 + second) * 1000 + fractionMs - zoneMs;
}
