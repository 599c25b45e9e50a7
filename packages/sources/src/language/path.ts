import { type CaptureName, type NamePattern, parseNamePattern } from './name-pattern.js';

/**
 * Where something stands in a payload.
 *
 *     a.b          member b of member a; "a.b" in quotes is one key with a dot
 *     a[]          every element of the array a      a[0]   its first element
 *     a.*          every member of the object a      a.{sensor}  the same, and its name is the sensor
 *     a[name=x]    the elements of a whose member name is x
 *     $.a          counted from the whole payload, not from the element
 */
export interface Path {
  readonly text: string;
  readonly fromDocument: boolean;
  readonly steps: readonly PathStep[];
  /** Whether it can lead to more than one place. */
  readonly isMany: boolean;
}

export type PathStep =
  | { readonly kind: 'member'; readonly key: string }
  | { readonly kind: 'members'; readonly pattern: NamePattern }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'elements' }
  | { readonly kind: 'where'; readonly key: string; readonly value: string };

const STEPS_MAX = 16;
// A key in quotes, a key, or something in brackets.
const STEP = /\s*(?:"((?:[^"\\]|\\.)*)"|([^.[\]"]+)|\[([^\]]*)\])/y;

/** @throws RangeError that says what was expected. */
export function parsePath(text: string, captures: readonly CaptureName[] = []): Path {
  const fromDocument = text === '$' || text.startsWith('$.') || text.startsWith('$[');
  const rest = fromDocument ? text.slice(text.startsWith('$.') ? 2 : 1) : text;
  const steps: PathStep[] = [];
  for (let at = 0; at < rest.length; ) {
    STEP.lastIndex = at;
    const match = STEP.exec(rest);
    if (match === null)
      throw new RangeError(
        `"${text}": a path is written a.b, a[], a[0], a.*, a[key=value]; a key with dots or brackets stands in quotes`,
      );
    const [, quoted, key, bracket] = match;
    if (quoted !== undefined) steps.push({ kind: 'member', key: quoted.replace(/\\(.)/g, '$1') });
    else if (key !== undefined) steps.push(keyStep(key.trim(), captures));
    else steps.push(bracketStep(text, bracket ?? ''));
    at = STEP.lastIndex;
    if (rest[at] === '.') {
      at += 1;
      if (at === rest.length) throw new RangeError(`"${text}": a path does not end with a dot`);
    } else if (at < rest.length && rest[at] !== '[')
      throw new RangeError(`"${text}": a dot between two members of a path`);
  }
  if (steps.length > STEPS_MAX) throw new RangeError(`"${text}": at most ${STEPS_MAX} steps`);
  const isMany = steps.some(({ kind }) => kind === 'members' || kind === 'elements' || kind === 'where');
  return { text, fromDocument, steps, isMany };
}

function keyStep(key: string, captures: readonly CaptureName[]): PathStep {
  if (key === '*') return { kind: 'members', pattern: parseNamePattern('*', []) };
  const pattern = parseNamePattern(key, [...captures, '_']);
  return pattern.capture === undefined ? { kind: 'member', key } : { kind: 'members', pattern };
}

function bracketStep(text: string, inside: string): PathStep {
  if (inside === '') return { kind: 'elements' };
  if (/^\d{1,6}$/.test(inside)) return { kind: 'index', index: Number(inside) };
  const [key, value, ...more] = inside.split('=');
  if (key !== undefined && value !== undefined && more.length === 0)
    return { kind: 'where', key: key.trim(), value: value.trim() };
  throw new RangeError(`"${text}": in brackets stands nothing, a number, or key=value`);
}
