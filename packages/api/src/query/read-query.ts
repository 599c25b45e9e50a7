import type { Static, TObject, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Context } from 'hono';
import { ProblemError } from '../http/problem.js';

/**
 * The query parameters of a request, as values of a schema's types: an integer, a boolean, a number or a text. One
 * that is not given has its default, or is absent.
 * @throws ProblemError with status 400 that names the parameter and what is expected of it.
 */
export function readQuery<T extends TObject>(c: Context, schema: T): Static<T> {
  const values: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties)) {
    const text = c.req.query(name);
    const value = text === undefined ? property.default : queryValue(text, property);
    if (value === undefined) continue;
    if (!Value.Check(property, value)) throw badParameter(name, expected(property));
    values[name] = value;
  }
  return values as Static<T>;
}

export function badParameter(name: string, expected: string): ProblemError {
  return new ProblemError({ status: 400, detail: `${name} is ${expected}` });
}

function queryValue(text: string, schema: TSchema): unknown {
  if (schema.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  // Adding 0 turns −0 into 0.
  if (schema.type === 'integer') return /^-?\d+$/.test(text) ? Number(text) + 0 : text;
  const mayBeNumber =
    schema.type === 'number' || (schema.anyOf as TSchema[] | undefined)?.some((one) => one.type === 'number');
  return mayBeNumber && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) + 0 : text;
}

function expected(schema: TSchema): string {
  const { type, minimum, maximum, description } = schema;
  return type === 'integer' ? `one integer from ${minimum} to ${maximum}` : String(description);
}
