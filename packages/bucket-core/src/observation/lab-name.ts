import { isLabId } from './lab-id.js';

/**
 * What a topic or a payload calls a place, as a lab id, and back. Percent-encoding with a dot for the percent
 * sign: each byte of the name's UTF-8 that is no `A-Z a-z 0-9 / _ - .` becomes a dot and two upper-case
 * hexadecimal digits. A dot in front of two such digits becomes `.2E`; every other dot stays. So almost every
 * plain name stays as it is, `Kitchen sensor` becomes `Kitchen.20sensor`, and no two names share an id. The names `.` and
 * `..`, which are no lab ids, become `.2E` and `.2E.2E`.
 */
export function labIdOfName(name: string): string | undefined {
  if (isLabId(name) && !ESCAPE.test(name)) return name;
  // A lone surrogate has no UTF-8 form; two such names would become one.
  if (!name.isWellFormed()) return undefined;
  const id = name
    .replace(DOT_TO_ESCAPE, '.2E')
    .replace(ONLY_DOTS, (dots) => '.2E'.repeat(dots.length))
    .replace(FOREIGN, (character) =>
      encoder.encode(character).reduce((text, byte) => text + escaped(byte), ''),
    );
  return isLabId(id) ? id : undefined;
}

/** The name that a lab id was made of: what people read. An id that is no such form is its own name. */
export function nameOfLabId(id: string): string {
  if (!ESCAPE.test(id)) return id;
  const encoded = id.replace(ESCAPES, '%$1');
  try {
    return decodeURIComponent(encoded);
  } catch {
    return id;
  }
}

const encoder = new TextEncoder();
const ESCAPE = /\.[0-9A-F]{2}/;
const ESCAPES = /\.([0-9A-F]{2})/g;
const DOT_TO_ESCAPE = /\.(?=[0-9A-F]{2})/g;
const ONLY_DOTS = /^\.{1,2}$/;
const FOREIGN = /[^A-Za-z0-9/_.-]/gu;

function escaped(byte: number): string {
  return `.${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}
