import type { Context } from 'hono';
import { ProblemError } from './problem.js';

export interface IntegerRange {
  /** Stands in for a parameter that is not given. */
  readonly fallback: number;
  readonly min?: number;
  readonly max?: number;
}

/**
 * The value of a query parameter that is one integer.
 * @throws ProblemError with status 400 for everything else.
 */
export function integerParameter(c: Context, name: string, range: IntegerRange): number {
  const { fallback, min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = range;
  const text = c.req.query(name);
  if (text === undefined) return fallback;
  // Adding 0 turns −0 into 0.
  const value = /^-?\d+$/.test(text) ? Number(text) + 0 : Number.NaN;
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new ProblemError({ status: 400, detail: `${name} is one integer from ${min} to ${max}` });
}
