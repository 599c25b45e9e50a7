const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** A span of time in its largest unit, rounded down: `12 s`, `4 min`, `3 h`, `2 d`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  for (const [unit, size] of UNITS) if (seconds >= size) return `${Math.floor(seconds / size)} ${unit}`;
  return '0 s';
}

/** The same in its two largest units: `3 h 20 min`. */
export function longSpanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  if (first === -1) return '0 s';
  const [unit, size] = UNITS[first]!;
  const whole = `${Math.floor(seconds / size)} ${unit}`;
  const next = UNITS[first + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  return rest === 0 ? whole : `${whole} ${rest} ${next![0]}`;
}

/** A resolution as people write it: `5m` is `5 min`. */
export function resolutionText(resolution: string): string {
  const [, count, letter] = /^(\d+)([smhdw])$/.exec(resolution) ?? [];
  const unit = { s: 's', m: 'min', h: 'h', d: 'd', w: 'w' }[letter ?? ''];
  return unit === undefined ? resolution : `${count} ${unit}`;
}
