/**
 * How much of what was to be expected of a lab has come, 0 to 1: observations against the whole expected intervals
 * that fit into the part of [startMs, endMs) that is over, at least one. `null` while nothing of it is over. More than
 * expected, from a second sensor say, is 1.
 */
export function coverage(
  observations: number,
  startMs: number,
  endMs: number,
  nowMs: number,
  expectedIntervalS: number,
): number | null {
  const overMs = Math.min(endMs, nowMs) - startMs;
  if (overMs <= 0) return null;
  const expected = Math.max(1, Math.floor(overMs / (expectedIntervalS * 1000)));
  return Math.min(1, observations / expected);
}
