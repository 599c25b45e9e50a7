import { hasLimits, type Limits } from '../lab/limits.js';
import type { RecentPoint } from './recent.js';
import { sparkPath } from './spark-path.js';

const [WIDTH, HEIGHT] = [100, 18];

interface SparklineProps {
  readonly points: readonly RecentPoint[];
  readonly metric: 'temp' | 'humidity';
  readonly limits: Limits;
  /** The least that the height stands for, so that noise stays small. */
  readonly spanMin: number;
}

/** A metric over the last hours; a dotted line where a limit lies among them. */
export function Sparkline({ points, metric, limits, spanMin }: SparklineProps) {
  const spark = sparkPath(points, metric, spanMin, WIDTH, HEIGHT);
  const isLimited = hasLimits(limits);
  const top = isLimited && limits.max !== undefined ? spark.y(limits.max) : 0;
  const bottom = isLimited && limits.min !== undefined ? spark.y(limits.min) : HEIGHT;
  return (
    <svg
      aria-hidden="true"
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      data-metric={metric}
    >
      {isLimited && top > 0 && <line class="limit" x2={WIDTH} y1={top} y2={top} />}
      {isLimited && bottom < HEIGHT && <line class="limit" x2={WIDTH} y1={bottom} y2={bottom} />}
      <path d={spark.line} />
    </svg>
  );
}
