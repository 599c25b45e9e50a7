import { fixed, inUnit } from '../format/measures.js';
import { moment, startOfDay } from '../format/moments.js';
import type { Limits } from '../lab/limits.js';
import type { Bucket, MetricName } from '../lab/series.js';
import { MIN_SPAN, valueRange } from '../lab-page/chart-data.js';
import { clockPlace, locale, unit } from '../settings/settings.js';

interface PaperChartProps {
  readonly name: string;
  readonly metric: MetricName;
  readonly buckets: readonly Bucket[];
  readonly limits: Limits;
  readonly fromMs: number;
  readonly toMs: number;
}

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [720, 104, 34, 14];

/** A month of a metric in lines that a printer draws sharp: a box from the lowest to the highest of each bucket. */
export function PaperChart({ name, metric, buckets, limits, fromMs, toMs }: PaperChartProps) {
  const known = buckets.flatMap((bucket) => {
    const values = bucket[metric];
    return values === null
      ? []
      : [{ startMs: Date.parse(bucket.start), endMs: Date.parse(bucket.end), ...values }];
  });
  const [low, high] = valueRange(
    known.length === 0 ? null : Math.min(...known.map(({ min }) => min)),
    known.length === 0 ? null : Math.max(...known.map(({ max }) => max)),
    MIN_SPAN[metric],
    limits,
  );
  const x = (ms: number) => LEFT + ((ms - fromMs) / (toMs - fromMs)) * (WIDTH - LEFT);
  const y = (value: number) => ((high - value) / (high - low)) * (HEIGHT - BOTTOM);
  const text = (value: number) =>
    fixed(
      metric === 'temp' ? inUnit(value, unit.value.value) : value,
      metric === 'temp' ? 1 : 0,
      locale.value,
    );
  const days: number[] = [];
  for (let ms = fromMs; ms < toMs; ms = startOfDay(ms, clockPlace.value.zone, 1)) days.push(ms);
  const line = known
    .map(({ startMs, endMs, avg }, i) => {
      const joins = known[i - 1]?.endMs === startMs;
      return `${joins ? 'L' : 'M'}${x(startMs).toFixed(1)} ${y(avg).toFixed(1)}H${x(Math.min(endMs, toMs)).toFixed(1)}`;
    })
    .join('');
  return (
    <figure>
      <figcaption>{name}</figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={name}
        class="paper-chart"
        data-metric={metric}
      >
        {days.map((ms, i) => (
          <g key={ms}>
            <line class="day" x1={x(ms)} x2={x(ms)} y2={HEIGHT - BOTTOM} />
            {i % 5 === 0 && (
              <text x={x(ms)} y={HEIGHT - 2}>
                {moment(ms, 'dayOfMonth', clockPlace.value)}
              </text>
            )}
          </g>
        ))}
        {known.map(({ startMs, endMs, min, max }) => (
          <rect
            key={startMs}
            x={x(startMs)}
            y={y(max)}
            width={Math.max(0.5, x(Math.min(endMs, toMs)) - x(startMs))}
            height={Math.max(0.5, y(min) - y(max))}
          />
        ))}
        <path d={line} />
        {[limits.min, limits.max].map(
          (limit) =>
            limit !== undefined &&
            limit > low &&
            limit < high && (
              <g key={limit}>
                <line class="limit" x1={LEFT} x2={WIDTH} y1={y(limit)} y2={y(limit)} />
                <text x="0" y={y(limit) + 3}>
                  {text(limit)}
                </text>
              </g>
            ),
        )}
      </svg>
    </figure>
  );
}
