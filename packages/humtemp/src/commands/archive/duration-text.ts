const UNITS = [
  ['w', 604_800],
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;

/** A duration as variables have it: 5m, 1h, 1d. */
export function durationText(durationS: number): string {
  const [unit, seconds] = UNITS.find(([, seconds]) => durationS % seconds === 0) ?? ['s', 1];
  return `${durationS / seconds}${unit}`;
}
