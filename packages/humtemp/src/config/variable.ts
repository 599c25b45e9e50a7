import { parseDurationS } from '@humtemp/bucket-core';

/** One environment variable: its name, its default as one would write it, what it means, how it is read. */
export interface Variable<T> {
  readonly name: string;
  /** Undefined: unset means not configured. */
  readonly default: string | undefined;
  readonly meaning: string;
  /** @throws RangeError naming what was expected. */
  readonly parse: (text: string) => T;
  /** The text as messages may show it. */
  readonly shown: (text: string) => string;
}

const asItIs = (text: string) => text;

export function withDefault<T>(
  name: string,
  fallback: string,
  meaning: string,
  parse: (text: string) => T,
): Variable<T> & { readonly default: string } {
  return { name, default: fallback, meaning, parse, shown: asItIs };
}

export function optional<T>(
  name: string,
  meaning: string,
  parse: (text: string) => T,
  shown = asItIs,
): Variable<T> & { readonly default: undefined } {
  return { name, default: undefined, meaning, parse, shown };
}

export function text(value: string): string {
  if (value.trim() === '') throw new RangeError('a text that is not empty');
  return value;
}

export function integer(min: number, max: number): (value: string) => number {
  return (value) => {
    const number = /^\d{1,15}$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) throw new RangeError(`an integer from ${min} to ${max}`);
    return number;
  };
}

export function boolean(value: string): boolean {
  if (value !== 'true' && value !== 'false') throw new RangeError('true or false');
  return value === 'true';
}

export function pattern(expression: RegExp, expected: string): (value: string) => string {
  return (value) => {
    if (!expression.test(value)) throw new RangeError(expected);
    return value;
  };
}

/**
 * A duration in seconds. What becomes a timer is at most 24 days: beyond 2^31 − 1 ms Node makes 1 ms of it.
 * @param max written as a duration.
 */
export function duration(max = '24d'): (value: string) => number {
  return (value) => {
    const seconds = parseDurationS(value);
    if (seconds > parseDurationS(max)) throw new RangeError(`a duration of at most ${max}`);
    return seconds;
  };
}

/** A list of what a browser sends as Origin, or `*`; empty for none. */
export function origins(value: string): readonly string[] {
  const list = value.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  if (!list.every((one) => one === '*' || one === originOf(one)))
    throw new RangeError('* or origins as browsers send them, such as https://dashboard.example');
  return list;
}

function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, protocol, host } = new URL(text);
  // The URL standard leaves those of other protocols, such as extensions of browsers, to the browser.
  return origin === 'null' ? `${protocol}//${host}` : origin;
}
