import { isLabId } from '@humtemp/bucket-core';
import { ProblemError } from '../http/problem.js';

/** Where the page after this lab begins. Opaque to clients: what is in it may change. */
export function cursorAfter(lab: string): string {
  return Buffer.from(lab).toString('base64url');
}

/**
 * The lab that a cursor stands behind; empty, which is before every lab, where none is given.
 * @throws ProblemError with status 400 for a text that is not a cursor of ours.
 */
export function labBefore(cursor: string | undefined): string {
  if (cursor === undefined) return '';
  const lab = Buffer.from(cursor, 'base64url').toString('utf8');
  // Decoding skips what is not base64url; only its own encoding gives the same text again.
  if (isLabId(lab) && cursorAfter(lab) === cursor) return lab;
  throw new ProblemError({ status: 400, detail: 'cursor is the next_cursor of another answer, unchanged' });
}
