import { parseDurationS } from '@humtemp/bucket-core';
import type { Kind } from './variable.js';

/** Any kind of text that a function of its own reads. */
export function kind<T>(values: string, parse: (text: string) => T): Kind<T> {
  return { values, parse };
}

export const text: Kind<string> = kind('text', (value) => {
  if (value.trim() === '') throw new RangeError('a text that is not empty');
  return value;
});

export const file: Kind<string> = { ...text, values: 'file' };
export const folder: Kind<string> = { ...text, values: 'folder' };
export const host: Kind<string> = { ...text, values: 'address or host name' };

/** @param unit what is counted; empty for a bare number. */
export function integer(min: number, max: number, unit = ''): Kind<number> {
  return kind(`${unit === '' ? '' : `${unit}, `}${min} to ${max}`, (value) => {
    const number = /^\d{1,15}$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (!(number >= min && number <= max)) throw new RangeError(`an integer from ${min} to ${max}`);
    return number;
  });
}

/** 0: the system chooses a free one. */
export const port: Kind<number> = integer(0, 65_535);

export const boolean: Kind<boolean> = kind('true or false', (value) => {
  if (value !== 'true' && value !== 'false') throw new RangeError('true or false');
  return value === 'true';
});

export function pattern(expression: RegExp, expected: string): Kind<string> {
  return kind(expected, (value) => {
    if (!expression.test(value)) throw new RangeError(expected);
    return value;
  });
}

/**
 * A duration in seconds. What becomes a timer is at most 24 days: beyond 2^31 − 1 ms Node makes 1 ms of it.
 * @param max written as a duration.
 */
export function duration(max = '24d'): Kind<number> {
  return kind(`duration up to ${max}`, (value) => {
    const seconds = parseDurationS(value);
    if (seconds > parseDurationS(max)) throw new RangeError(`a duration of at most ${max}`);
    return seconds;
  });
}

/** A list of what a browser sends as Origin, or `*`; empty for none. */
export const origins: Kind<readonly string[]> = kind('comma-separated origins', (value) => {
  const list = value.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]));
  if (!list.every((one) => one === '*' || one === originOf(one)))
    throw new RangeError('* or origins as browsers send them, such as https://dashboard.example');
  return list;
});

/** A list of names as a browser sends them in Host, without port, or `*`; empty for none. */
export const hosts: Kind<readonly string[]> = kind('comma-separated host names', (value) => {
  const list = value.split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim().toLowerCase()]));
  if (!list.every((one) => one === '*' || /^[a-z0-9_]([a-z0-9_.-]{0,252})$/.test(one)))
    throw new RangeError('* or host names without a port, such as labs.example');
  return list;
});

function originOf(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, protocol, host } = new URL(text);
  // The URL standard leaves those of other protocols, such as extensions of browsers, to the browser.
  return origin === 'null' ? `${protocol}//${host}` : origin;
}
