/**
 * What a table has in place of a packed aggregate that may hold an observation twice: whatever it is put together with
 * is in doubt as well, until the bucket has expired.
 */
export const DOUBTFUL = Buffer.from([255]);

export function isDoubtful(value: Buffer): boolean {
  return value.length === 1 && value[0] === DOUBTFUL[0];
}
