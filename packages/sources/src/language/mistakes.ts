import { Kind, type TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** A mistake in a description, and where: keys and indexes from the top of the file. */
export interface Mistake {
  readonly at: readonly (string | number)[];
  readonly message: string;
}

type Report = (at: readonly (string | number)[], message: string) => void;

/** Reports every place of a value that is not what the schema describes. */
export function reportMistakes(
  schema: TSchema,
  value: unknown,
  at: readonly (string | number)[],
  report: Report,
): void {
  if (Value.Check(schema, value)) return;
  const expected = schema.expected as string | undefined;
  const kind: unknown = schema[Kind];
  if (kind === 'Union') {
    // The branch of the same form says more exactly what is wrong.
    const branch = (schema.anyOf as TSchema[]).find((one) => formOf(one) === formOfValue(value));
    if (branch !== undefined && formOf(branch) !== 'scalar') {
      reportMistakes(branch, value, at, report);
      return;
    }
  } else if (schema.type === 'object' && isRecord(value)) {
    reportMembers(schema, value, at, report);
    return;
  } else if (kind === 'Array' && Array.isArray(value)) {
    const before = countOf(report);
    for (const [i, element] of (value as unknown[]).entries())
      reportMistakes(schema.items as TSchema, element, [...at, i], before.report);
    if (before.count() > 0) return;
  }
  report(at, `${shown(value)}: expected ${expected ?? 'something else'}`);
}

function reportMembers(
  schema: TSchema,
  value: Record<string, unknown>,
  at: readonly (string | number)[],
  report: Report,
) {
  const properties = schema.properties as Record<string, TSchema> | undefined;
  const patterns = Object.entries((schema.patternProperties ?? {}) as Record<string, TSchema>);
  for (const [key, member] of Object.entries(value)) {
    const own = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
    const inner = own ?? patterns.find(([pattern]) => new RegExp(pattern).test(key))?.[1];
    if (inner !== undefined) reportMistakes(inner, member, [...at, key], report);
    else if (properties === undefined) report([...at, key], `"${key}": expected ${schema.expected}`);
    else report([...at, key], unknownKey(key, Object.keys(properties)));
  }
  for (const key of (schema.required as string[] | undefined) ?? [])
    if (!Object.hasOwn(value, key)) report(at, `${key} is missing: expected ${properties?.[key]?.expected}`);
}

function unknownKey(key: string, known: readonly string[]): string {
  const near = known.find((one) => distance(one, key.toLowerCase()) <= 2);
  return near === undefined
    ? `"${key}": there is no such key; expected one of ${known.join(', ')}`
    : `"${key}": there is no such key; expected ${near}?`;
}

type Form = 'object' | 'array' | 'scalar';

function formOf(schema: TSchema): Form {
  if (schema[Kind] === 'Array') return 'array';
  if (schema[Kind] === 'Union') return 'scalar';
  return schema.type === 'object' ? 'object' : 'scalar';
}

function formOfValue(value: unknown): Form {
  return Array.isArray(value) ? 'array' : isRecord(value) ? 'object' : 'scalar';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function countOf(report: Report): { report: Report; count: () => number } {
  let count = 0;
  return {
    report: (at, message) => {
      count += 1;
      report(at, message);
    },
    count: () => count,
  };
}

const SHOWN_MAX = 60;

function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** How many letters differ, are missing or too many (Levenshtein), for short words. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++)
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1));
    row = next;
  }
  return row[other.length]!;
}
