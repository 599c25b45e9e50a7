import { LAB_ID_LENGTH_MAX } from '@humtemp/bucket-core';

/** What a lab id may begin with; see LAB_ID_PATTERN. */
export const PREFIX_PATTERN = `^[A-Za-z0-9/_.-]{1,${LAB_ID_LENGTH_MAX}}$`;

/** A text right before every lab id with this prefix, in the order of character codes: `~` is beyond all of theirs. */
export function beforePrefix(prefix: string): string {
  if (prefix === '') return '';
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) - 1)}~`;
}
