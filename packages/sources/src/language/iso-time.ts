const ZERO = 48;
const POWERS_OF_TEN = Array.from({ length: 10 }, (_, exponent) => 10 ** exponent);
/** Days of each month; the 29th of February is for the general way. */
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Days in front of each month. */
const DAYS_OF_MONTHS = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/**
 * Unix milliseconds of a date and time as almost every device writes it: `2026-11-28T16:00:00`, with or
 * without a fraction of up to nine digits, and `Z` or `+01:00` behind it. NaN for everything else, right or
 * wrong: the general way reads that. Without regular expressions, which cost more than reading the whole
 * payload.
 */
export function isoToMs(text: string): number {
  const { length } = text;
  if (length < 20 || length > 35 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return Number.NaN;
  const separator = text.charCodeAt(10);
  if (separator !== 84 && separator !== 32) return Number.NaN;
  if (text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return Number.NaN;
  const year = two(text, 0) * 100 + two(text, 2);
  const month = two(text, 5);
  const day = two(text, 8);
  const hour = two(text, 11);
  const minute = two(text, 14);
  const second = two(text, 17);
  if (!(year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month - 1]!)) return Number.NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 59)) return Number.NaN;
  let at = 19;
  let fractionMs = 0;
  if (text.charCodeAt(at) === 46) {
    const from = ++at;
    let fraction = 0;
    for (
      let digit = text.charCodeAt(at) - ZERO;
      digit >= 0 && digit <= 9;
      digit = text.charCodeAt(++at) - ZERO
    )
      fraction = fraction * 10 + digit;
    const digits = at - from;
    if (digits === 0 || digits > 9) return Number.NaN;
    fractionMs = Math.round((fraction / POWERS_OF_TEN[digits]!) * 1000);
  }
  const zone = text.charCodeAt(at);
  let zoneMinutes = 0;
  if (zone === 90) {
    if (at + 1 !== length) return Number.NaN;
  } else {
    if ((zone !== 43 && zone !== 45) || at + 6 !== length || text.charCodeAt(at + 3) !== 58)
      return Number.NaN;
    const zoneHours = two(text, at + 1);
    const rest = two(text, at + 4);
    if (!(zoneHours <= 23 && rest <= 59)) return Number.NaN;
    zoneMinutes = (zone === 45 ? -1 : 1) * (zoneHours * 60 + rest);
  }
  const minutes = (daysSince1970(year, month, day) * 24 + hour) * 60 + minute - zoneMinutes;
  return (minutes * 60 + second) * 1000 + fractionMs;
}

/** Two digits as a number, or NaN. */
function two(text: string, at: number): number {
  const tens = text.charCodeAt(at) - ZERO;
  const ones = text.charCodeAt(at + 1) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Whole days, of the Gregorian calendar. */
function daysSince1970(year: number, month: number, day: number): number {
  // Leap days before this year, or before March of it.
  const leapYear = month > 2 ? year : year - 1;
  const leapDays = Math.floor(leapYear / 4) - Math.floor(leapYear / 100) + Math.floor(leapYear / 400) - 477;
  return (year - 1970) * 365 + leapDays + DAYS_OF_MONTHS[month - 1]! + day - 1;
}
