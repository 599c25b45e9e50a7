import { rfc3339ToMs } from '@humtemp/bucket-core';
import { FormatRegistry, Type } from '@sinclair/typebox';

FormatRegistry.Set('date-time', (text) => rfc3339ToMs(text) !== undefined);

export const Rfc3339Time = Type.String({ format: 'date-time' });

/** A time in Unix milliseconds as API clients read it. */
export function rfc3339Time(ms: number): string {
  return new Date(ms).toISOString();
}
