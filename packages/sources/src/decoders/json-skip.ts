const [QUOTE, BACKSLASH, COMMA, COLON, SPACE, MINUS, POINT, ZERO] = [34, 92, 44, 58, 32, 45, 46, 48];
const [BRACE_OPEN, BRACE_CLOSE, BRACKET_OPEN, BRACKET_CLOSE] = [123, 125, 91, 93];
/** Deeper values are for JSON.parse. */
const DEPTH_MAX = 8;

/** What is no plain JSON to us: the general way decides whether it is JSON at all. */
export const UNUSUAL = -1;

/**
 * The position behind a JSON value that starts at `at`, or UNUSUAL. It goes over what almost all payloads are
 * made of (texts without escapes, numbers without exponents, at most one blank), and never over something
 * that is no JSON.
 */
export function behindValue(bytes: Uint8Array, at: number, end: number, depth = 0): number {
  const first = bytes[at]!;
  if (first === QUOTE) return behindText(bytes, at, end);
  if (first === MINUS || (first >= ZERO && first <= ZERO + 9)) return behindNumber(bytes, at);
  if (first === BRACE_OPEN || first === BRACKET_OPEN)
    return depth >= DEPTH_MAX ? UNUSUAL : behindMembers(bytes, at, end, depth + 1, first === BRACE_OPEN);
  return behindWord(bytes, at);
}

/**
 * The position behind the closing quote of a text that starts at `at`. Bytes of UTF-8 are harmless, right or
 * wrong.
 */
export function behindText(bytes: Uint8Array, at: number, end: number): number {
  for (let i = at + 1; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) return i + 1;
    if (byte < SPACE || byte === BACKSLASH) return UNUSUAL;
  }
  return UNUSUAL;
}

/** -?(0|[1-9][0-9]*)(.[0-9]+)? without an exponent behind it. */
export function behindNumber(bytes: Uint8Array, from: number): number {
  let at = bytes[from] === MINUS ? from + 1 : from;
  let digit = bytes[at]! - ZERO;
  if (digit === 0) digit = bytes[++at]! - ZERO;
  else if (!(digit > 0 && digit <= 9)) return UNUSUAL;
  else while (digit >= 0 && digit <= 9) digit = bytes[++at]! - ZERO;
  if (bytes[at] === POINT) {
    const point = at;
    digit = bytes[++at]! - ZERO;
    while (digit >= 0 && digit <= 9) digit = bytes[++at]! - ZERO;
    if (at === point + 1) return UNUSUAL;
  }
  // What may not follow a number is seen by who goes on: an exponent or a digit behind a leading zero too.
  return at;
}

function behindWord(bytes: Uint8Array, at: number): number {
  for (const word of WORDS) {
    let i = 0;
    while (i < word.length && bytes[at + i] === word[i]) i++;
    if (i === word.length) return at + i;
  }
  return UNUSUAL;
}

const WORDS = ['true', 'false', 'null'].map((word) => Uint8Array.from(Buffer.from(word)));

function behindMembers(
  bytes: Uint8Array,
  from: number,
  end: number,
  depth: number,
  isObject: boolean,
): number {
  const close = isObject ? BRACE_CLOSE : BRACKET_CLOSE;
  let at = from + 1;
  if (bytes[at] === close) return at + 1;
  while (at < end) {
    if (isObject) {
      if (bytes[at] !== QUOTE) return UNUSUAL;
      at = behindText(bytes, at, end);
      if (at === UNUSUAL || bytes[at] !== COLON) return UNUSUAL;
      at += bytes[at + 1] === SPACE ? 2 : 1;
    }
    at = behindValue(bytes, at, end, depth);
    if (at === UNUSUAL) return UNUSUAL;
    if (bytes[at] === close) return at + 1;
    if (bytes[at] !== COMMA) return UNUSUAL;
    at += bytes[at + 1] === SPACE ? 2 : 1;
  }
  return UNUSUAL;
}
