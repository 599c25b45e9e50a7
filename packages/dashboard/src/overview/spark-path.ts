import type { RecentPoint } from './recent.js';

export interface SparkPath {
  /** The `d` of an SVG path; a new piece begins after each gap. */
  readonly line: string;
  /** Where a value stands, within the height. */
  y(value: number): number;
}

/** The line of a metric over points that stand at equal distances, scaled to a box. */
export function sparkPath(
  points: readonly RecentPoint[],
  metric: 'temp' | 'humidity',
  spanMin: number,
  width: number,
  height: number,
): SparkPath {
  let [low, high] = [Infinity, -Infinity];
  for (const point of points) {
    const value = point[metric];
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const middle = (low + high) / 2;
  const half = Math.max(high - low, spanMin) / 2;
  const y = (value: number) =>
    Number(Math.min(height, Math.max(0, height * (0.5 - ((value - middle) / half) * 0.45))).toFixed(1));
  const step = width / Math.max(1, points.length - 1);
  let line = '';
  let isDown = false;
  for (const [i, point] of points.entries()) {
    const value = point[metric];
    if (value === null) {
      isDown = false;
      continue;
    }
    const x = (i * step).toFixed(1);
    line += `${isDown ? 'L' : 'M'}${x} ${y(value)}`;
    // A point alone would not be seen.
    if (!isDown) line += 'h.01';
    isDown = true;
  }
  return { line, y };
}
