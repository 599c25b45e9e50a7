/** A text right before every lab id with this prefix, in the order of character codes: `~` is beyond all of theirs. */
export function beforePrefix(prefix: string): string {
  if (prefix === '') return '';
  return `${prefix.slice(0, -1)}${String.fromCharCode(prefix.charCodeAt(prefix.length - 1) - 1)}~`;
}
