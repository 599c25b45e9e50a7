/** Milliseconds of the end of the year 9999, the last that RFC 3339 can write. */
const TIMESTAMP_MS_MAX = 253_402_300_799_999;

// RFC 3339 §5.6 date-time: the zone is required; its letters may be lower case, and a space may stand for the T. The
// colon in the zone may be missing, as many devices and `date +%z` write it.
const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,20}))?(?:[Zz]|([+-])(\d\d):?(\d\d))$/;

/** From here on a number is in milliseconds: as seconds it would lie in the year 5138, as milliseconds in 1973. */
const MILLISECONDS_MIN = 1e11;
const NUMBER = /^-?\d{1,15}(?:\.\d{1,20})?$/;

/**
 * Unix milliseconds of a time in Unix seconds (integer or fractional, rounded to the millisecond) or an RFC 3339 text.
 * Undefined for everything else; milliseconds lie beyond the year 9999 and are refused too. A leap second (:60) has no
 * Unix time and is refused.
 */
export function timestampToMs(timestamp: unknown): number | undefined {
  if (typeof timestamp === 'number') return withinReach(timestamp * 1000);
  if (typeof timestamp === 'string') return rfc3339ToMs(timestamp);
  return undefined;
}

/**
 * Unix milliseconds of a time as devices write it: as `timestampToMs`, and also in Unix milliseconds, and either number
 * as a text. Microseconds lie beyond the year 9999 and are refused.
 */
export function deviceTimeToMs(time: unknown): number | undefined {
  if (typeof time === 'number')
    return Math.abs(time) >= MILLISECONDS_MIN ? withinReach(time) : withinReach(time * 1000);
  if (typeof time === 'string') return NUMBER.test(time) ? deviceTimeToMs(Number(time)) : rfc3339ToMs(time);
  return undefined;
}

function withinReach(unixMs: number): number | undefined {
  const ms = Math.round(unixMs);
  // Adding 0 turns −0 into 0.
  return Math.abs(ms) <= TIMESTAMP_MS_MAX ? ms + 0 : undefined;
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
