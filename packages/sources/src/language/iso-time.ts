const [ZERO, DASH, COLON, POINT, PLUS] = [48, 45, 58, 46, 43];
const [UPPER_T, UPPER_Z, BLANK] = [84, 90, 32];
const POWERS_OF_TEN = Array.from({ length: 10 }, (_, exponent) => 10 ** exponent);
/** With nine digits of a fraction and a zone. */
const LENGTH_MAX = 35;
/** Days of each month; the 29th of February is for the general way. */
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
/** Days in front of each month. */
const DAYS_OF_MONTHS = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/**
 * A date and time as almost every device writes it: `2026-11-28T16:00:00`, with or without a fraction of up to nine
 * digits, and `Z` or `+01:00` behind it. Everything else, right or wrong, is for the general way. Read from bytes, without
 * a text and without regular expressions, which cost more than reading the whole payload.
 */
export class IsoTime {
  /** Unix milliseconds of the one that was read last. */
  ms = Number.NaN;
  /** The position behind it. */
  behind = 0;
  /** The date that was read last: those of one day come one after the other. */
  #date = -1;
  #days = 0;

  /** Whether one starts at `at`. If not, `ms` and `behind` mean nothing. */
  read(bytes: Uint8Array, at: number): boolean {
    if (bytes[at + 4] !== DASH || bytes[at + 7] !== DASH) return false;
    const separator = bytes[at + 10];
    if (separator !== UPPER_T && separator !== BLANK) return false;
    if (bytes[at + 13] !== COLON || bytes[at + 16] !== COLON) return false;
    const century = two(bytes, at);
    const year = two(bytes, at + 2);
    const month = two(bytes, at + 5);
    const day = two(bytes, at + 8);
    const hour = two(bytes, at + 11);
    const minute = two(bytes, at + 14);
    const second = two(bytes, at + 17);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return false;
    const date = ((century * 100 + year) * 100 + month) * 100 + day;
    if (date !== this.#date || century < 0 || year < 0 || month < 0 || day < 0) {
      if (century < 0 || year < 0 || !isDay(century * 100 + year, month, day)) return false;
      this.#date = date;
      this.#days = daysSince1970(century * 100 + year, month, day);
    }
    const fractionMs = this.#readFraction(bytes, at + 19);
    if (fractionMs < 0) return false;
    const zoneMinutes = this.#readZone(bytes, this.behind);
    if (Number.isNaN(zoneMinutes)) return false;
    const minutes = (this.#days * 24 + hour) * 60 + minute - zoneMinutes;
    this.ms = (minutes * 60 + second) * 1000 + fractionMs;
    return true;
  }

  /** Milliseconds of a fraction, or 0 if there is none; -1 if it is none that is read here. */
  #readFraction(bytes: Uint8Array, at: number): number {
    this.behind = at;
    if (bytes[at] !== POINT) return 0;
    let behind = at + 1;
    let fraction = 0;
    for (let digit = bytes[behind]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++behind]! - ZERO)
      fraction = fraction * 10 + digit;
    const digits = behind - at - 1;
    if (digits === 0 || digits > 9) return -1;
    this.behind = behind;
    return digits === 3 ? fraction : Math.round((fraction / POWERS_OF_TEN[digits]!) * 1000);
  }

  /** Minutes ahead of UTC, or NaN. */
  #readZone(bytes: Uint8Array, at: number): number {
    const sign = bytes[at];
    if (sign === UPPER_Z) {
      this.behind = at + 1;
      return 0;
    }
    if ((sign !== PLUS && sign !== DASH) || bytes[at + 3] !== COLON) return Number.NaN;
    const hours = two(bytes, at + 1);
    const minutes = two(bytes, at + 4);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return Number.NaN;
    this.behind = at + 6;
    return (sign === DASH ? -1 : 1) * (hours * 60 + minutes);
  }
}

const scratch = new Uint8Array(LENGTH_MAX + 1);
const ofText = new IsoTime();

/** Unix milliseconds of a text that is such a date and time; NaN for every other. */
export function isoToMs(text: string): number {
  const { length } = text;
  if (length > LENGTH_MAX) return Number.NaN;
  // What is no Latin-1 must not become a digit.
  for (let i = 0; i < length; i++) scratch[i] = Math.min(text.charCodeAt(i), 0xff);
  scratch[length] = 0;
  return ofText.read(scratch, 0) && ofText.behind === length ? ofText.ms : Number.NaN;
}

/** Two digits as a number, or a negative number. */
function two(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - ZERO;
  const ones = bytes[at + 1]! - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

function isDay(year: number, month: number, day: number): boolean {
  return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= DAYS[month - 1]!;
}

/** Whole days, of the Gregorian calendar. */
function daysSince1970(year: number, month: number, day: number): number {
  // Leap days before this year, or before March of it.
  const leapYear = month > 2 ? year : year - 1;
  const leapDays = Math.floor(leapYear / 4) - Math.floor(leapYear / 100) + Math.floor(leapYear / 400) - 477;
  return (year - 1970) * 365 + leapDays + DAYS_OF_MONTHS[month - 1]! + day - 1;
}
