import { IsoTime } from '../language/iso-time.js';
import { behindNumber, behindText, behindValue, UNUSUAL } from './json-skip.js';

const [QUOTE, COMMA, COLON, SPACE, MINUS, POINT, ZERO] = [34, 44, 58, 32, 45, 46, 48];
const [BRACE_OPEN, BRACE_CLOSE] = [123, 125];
/** More digits than a double surely holds. */
const DIGITS_MAX = 15;
const POWERS_OF_TEN = Array.from({ length: DIGITS_MAX + 1 }, (_, exponent) => 10 ** exponent);

interface Member {
  readonly key: string;
  /** The key with its quotes. */
  readonly bytes: Uint8Array;
  readonly isWanted: boolean;
  /** Of a member that is wanted for its date and time only. */
  readonly time: IsoTime | undefined;
}

/**
 * Reads JSON objects that have the same keys in the same order as one read before, as the payloads of a
 * device have: the wanted members only, straight from the bytes. Everything unusual is left to JSON.parse,
 * and what both can read they read alike: a decimal of at most 15 digits divided by its power of ten is
 * correctly rounded, since both are exact doubles. A text that is wanted for its date and time alone is an IsoTime
 * instead, if it is one.
 */
export class KnownObject {
  readonly #members: readonly Member[];
  /** The wanted members of the object read last. One object for all: it must not be kept. */
  readonly value: Record<string, unknown> = {};
  #end = 0;

  constructor(
    keys: readonly string[],
    isWanted: (key: string) => boolean,
    isTime: (key: string) => boolean = () => false,
  ) {
    this.#members = keys.map((key) => ({
      key,
      bytes: Uint8Array.from(Buffer.from(JSON.stringify(key))),
      isWanted: isWanted(key),
      time: isWanted(key) && isTime(key) ? new IsoTime() : undefined,
    }));
    // In this order from the beginning, so that all objects of these keys are of one shape to the engine.
    for (const { key, isWanted } of this.#members) if (isWanted) this.value[key] = undefined;
  }

  /** Whether the bytes are such an object; if not, `value` means nothing. */
  read(bytes: Buffer, start: number, end: number): boolean {
    if (bytes[start] !== BRACE_OPEN || bytes[end - 1] !== BRACE_CLOSE) return false;
    const members = this.#members;
    let at = start + 1;
    for (let i = 0; i < members.length; i++) {
      const { key, bytes: name, isWanted, time } = members[i]!;
      for (let j = 0; j < name.length; j++) if (bytes[at + j] !== name[j]) return false;
      at += name.length;
      if (bytes[at] !== COLON) return false;
      at += bytes[at + 1] === SPACE ? 2 : 1;
      if (
        time !== undefined &&
        bytes[at] === QUOTE &&
        time.read(bytes, at + 1) &&
        bytes[time.behind] === QUOTE
      ) {
        this.value[key] = time;
        at = time.behind + 1;
      } else if (isWanted) {
        const value = this.#scalarAt(bytes, at, end);
        if (value === undefined) return false;
        this.value[key] = value;
        at = this.#end;
      } else at = behindValue(bytes, at, end);
      if (at === UNUSUAL || at >= end) return false;
      if (bytes[at] === BRACE_CLOSE) return i === members.length - 1 && at === end - 1;
      if (bytes[at] !== COMMA) return false;
      at += bytes[at + 1] === SPACE ? 2 : 1;
    }
    return false;
  }

  /**
   * A number, text, boolean or null that starts at `at`; undefined if it is anything else. Sets the position
   * behind it.
   */
  #scalarAt(bytes: Buffer, at: number, end: number): unknown {
    const first = bytes[at]!;
    if (first === QUOTE) {
      const behind = behindText(bytes, at, end);
      this.#end = behind;
      if (behind === UNUSUAL) return undefined;
      for (let i = at + 1; i < behind; i++) if (bytes[i]! >= 0x80) return undefined;
      return bytes.toString('latin1', at + 1, behind - 1);
    }
    if (first === MINUS || (first >= ZERO && first <= ZERO + 9)) return this.#numberAt(bytes, at);
    if (first === BRACE_OPEN || first === 91) return undefined;
    const behind = behindValue(bytes, at, end);
    this.#end = behind;
    if (behind === UNUSUAL) return undefined;
    return first === 0x6e ? null : first === 0x74;
  }

  #numberAt(bytes: Buffer, from: number): number | undefined {
    const behind = behindNumber(bytes, from);
    this.#end = behind;
    if (behind === UNUSUAL || behind - from > DIGITS_MAX + 1) return undefined;
    let mantissa = 0;
    let decimals = 0;
    const isNegative = bytes[from] === MINUS;
    for (let i = isNegative ? from + 1 : from; i < behind; i++) {
      const byte = bytes[i]!;
      if (byte === POINT) decimals = behind - i - 1;
      else mantissa = mantissa * 10 + byte - ZERO;
    }
    const value = decimals === 0 ? mantissa : mantissa / POWERS_OF_TEN[decimals]!;
    return isNegative ? -value : value;
  }
}
