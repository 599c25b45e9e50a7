/** One environment variable: its name, its default as one would write it, what it means, how it is read. */
export interface Variable<T> {
  readonly name: string;
  /** Undefined: unset means not configured. */
  readonly default: string | undefined;
  readonly meaning: string;
  /** @throws RangeError naming what was expected. */
  readonly parse: (text: string) => T;
}

export function withDefault<T>(
  name: string,
  fallback: string,
  meaning: string,
  parse: (text: string) => T,
): Variable<T> & { readonly default: string } {
  return { name, default: fallback, meaning, parse };
}

export function optional<T>(
  name: string,
  meaning: string,
  parse: (text: string) => T,
): Variable<T> & { readonly default: undefined } {
  return { name, default: undefined, meaning, parse };
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

export function url(...protocols: readonly string[]): (value: string) => string {
  return (value) => {
    const expected = `a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`;
    if (!URL.canParse(value)) throw new RangeError(expected);
    const parsed = new URL(value);
    if (!protocols.includes(parsed.protocol) || parsed.hostname === '') throw new RangeError(expected);
    return value;
  };
}
