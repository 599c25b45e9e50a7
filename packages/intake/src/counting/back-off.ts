/**
 * How long to wait before trying again: doubling with each attempt (counted from 0) from `min` to `max`, the
 * upper half of it by chance, so that many who failed together do not return together.
 */
export function backOffMs(
  attempt: number,
  { min, max }: { readonly min: number; readonly max: number },
): number {
  const delayMs = Math.min(min * 2 ** Math.min(attempt, 30), max);
  return delayMs / 2 + (Math.random() * delayMs) / 2;
}
