/**
 * Reads an observation as almost every device writes it, straight from the bytes: one flat object of the
 * known fields, numbers without exponent and of at most 15 digits, a sensor name without escapes. Everything
 * else is for JSON.parse, and what both can read they read alike: a decimal of at most 15 digits divided by
 * its power of ten is correctly rounded, since both are exact doubles, so it is the number that JSON.parse
 * gives.
 */
export class CanonicalPayload {
  // Always doubles, so that to set them makes no objects.
  /** Unix seconds; NaN: it does not say. */
  timestamp = Number.NaN;
  /** NaN: it does not say. */
  temp = Number.NaN;
  /** NaN: it does not say. */
  humidity = Number.NaN;
  sensor = '';
  #at = 0;
  #number = 0;

  /** Whether the bytes [start, end) were of that form; if not, the fields mean nothing. */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.timestamp = Number.NaN;
    this.temp = Number.NaN;
    this.humidity = Number.NaN;
    this.sensor = '';
    let temperature = Number.NaN;
    // Shorter than any observation; and every look below stays before the closing brace.
    if (end - start < 10 || bytes[start] !== BRACE_OPEN || bytes[end - 1] !== BRACE_CLOSE) return false;
    this.#at = start + 1;
    for (;;) {
      const at = this.#at;
      if (bytes[at] !== QUOTE) return false;
      if (matches(bytes, at, TEMP)) {
        if (!this.#readNumber(bytes, at + TEMP.length)) return false;
        this.temp = this.#number;
      } else if (matches(bytes, at, HUMIDITY)) {
        if (!this.#readNumber(bytes, at + HUMIDITY.length)) return false;
        this.humidity = this.#number;
      } else if (matches(bytes, at, TIMESTAMP)) {
        if (!this.#readNumber(bytes, at + TIMESTAMP.length)) return false;
        this.timestamp = this.#number;
      } else if (matches(bytes, at, TEMPERATURE)) {
        if (!this.#readNumber(bytes, at + TEMPERATURE.length)) return false;
        temperature = this.#number;
      } else if (matches(bytes, at, SENSOR)) {
        if (!this.#readSensor(bytes, at + SENSOR.length, end)) return false;
      } else return false;

      const next = bytes[this.#at];
      if (next === COMMA) {
        this.#at += 1;
        if (bytes[this.#at] === SPACE) this.#at += 1;
      } else if (next === BRACE_CLOSE) {
        if (Number.isNaN(this.temp)) this.temp = temperature;
        return this.#at === end - 1;
      } else return false;
    }
  }

  /** `:` or `: `, then -?(0|[1-9][0-9]*)(.[0-9]+)? The closing brace behind it stops every loop. */
  #readNumber(bytes: Uint8Array, from: number): boolean {
    let at = from;
    if (bytes[at] === SPACE) at += 1;
    const negative = bytes[at] === MINUS;
    if (negative) at += 1;
    const first = at;
    let mantissa = 0;
    let digit = bytes[at]! - ZERO;
    if (digit === 0) digit = bytes[++at]! - ZERO;
    else if (!(digit > 0 && digit <= 9)) return false;
    else for (; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO) mantissa = mantissa * 10 + digit;
    let digits = at - first;
    let decimals = 0;
    if (bytes[at] === POINT) {
      const point = at;
      for (digit = bytes[++at]! - ZERO; digit >= 0 && digit <= 9; digit = bytes[++at]! - ZERO)
        mantissa = mantissa * 10 + digit;
      decimals = at - point - 1;
      if (decimals === 0) return false;
      digits += decimals;
    }
    if (digits > DIGITS_MAX) return false;
    const value = mantissa / POWERS_OF_TEN[decimals]!;
    this.#number = negative ? -value : value;
    this.#at = at;
    return true;
  }

  /** `:` or `: `, then a text of printable ASCII without quote and backslash. */
  #readSensor(bytes: Uint8Array, from: number, end: number): boolean {
    let at = from;
    if (bytes[at] === SPACE) at += 1;
    if (bytes[at] !== QUOTE) return false;
    const textStart = ++at;
    for (; bytes[at] !== QUOTE; at++) {
      const byte = bytes[at]!;
      if (at >= end || byte < SPACE || byte > 0x7e || byte === BACKSLASH) return false;
    }
    if (at - textStart > SENSOR_CHARACTERS_MAX) return false;
    this.sensor = String.fromCharCode(...bytes.subarray(textStart, at));
    this.#at = at + 1;
    return true;
  }
}

const ascii = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const TIMESTAMP = ascii('"timestamp":');
const TEMP = ascii('"temp":');
const TEMPERATURE = ascii('"temperature":');
const HUMIDITY = ascii('"humidity":');
const SENSOR = ascii('"sensor":');
const [QUOTE, BRACE_OPEN, BRACE_CLOSE, COMMA, SPACE, MINUS, POINT, ZERO, BACKSLASH] = ascii(
  '"{}, -.0\\',
) as unknown as [number, number, number, number, number, number, number, number, number];
const DIGITS_MAX = 15;
const SENSOR_CHARACTERS_MAX = 50;
const POWERS_OF_TEN = Array.from({ length: DIGITS_MAX + 1 }, (_, exponent) => 10 ** exponent);

function matches(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  for (let i = 1; i < text.length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}
