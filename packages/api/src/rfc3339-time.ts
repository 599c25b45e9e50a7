import { Type } from '@sinclair/typebox';

export const Rfc3339Time = Type.String({ format: 'date-time' });

/** A time in Unix milliseconds as API clients read it. */
export function rfc3339Time(ms: number): string {
  return new Date(ms).toISOString();
}
