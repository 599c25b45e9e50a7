import { fixed, inUnit } from '../format/measures.js';
import { resolutionText } from '../format/spans.js';
import { sideOf } from '../lab/condition.js';
import type { LabLimits, Limits } from '../lab/limits.js';
import { type Bucket, METRICS, type MetricName } from '../lab/series.js';
import { locale, unit, words } from '../settings/settings.js';
import { type HistogramBar, histogramOf } from './histogram.js';

interface DistributionProps {
  readonly buckets: readonly Bucket[];
  readonly limits: LabLimits;
  readonly resolution: string;
}

/** How long a lab spent at each value. */
export function Distribution({ buckets, limits, resolution }: DistributionProps) {
  const { lab: said, metric } = words.value;
  return (
    <section class="card">
      <h2>{said.distribution}</h2>
      {METRICS.map((one) => (
        <Bars
          key={one}
          name={metric[one]}
          metric={one}
          bars={histogramOf(buckets, one)}
          limits={limits[one]}
        />
      ))}
      <p class="hint">{said.distributionOf(resolutionText(resolution))}</p>
    </section>
  );
}

interface BarsProps {
  readonly name: string;
  readonly metric: MetricName;
  readonly bars: readonly HistogramBar[];
  readonly limits: Limits;
}

const [WIDTH, HEIGHT] = [300, 56];

function Bars({ name, metric, bars, limits }: BarsProps) {
  if (bars.length === 0) return null;
  const most = Math.max(...bars.map(({ hours }) => hours));
  const step = WIDTH / bars.length;
  const text = (value: number) =>
    fixed(
      metric === 'temp' ? inUnit(value, unit.value.value) : value,
      metric === 'temp' ? 1 : 0,
      locale.value,
    );
  const mark = metric === 'temp' ? `°${unit.value.value}` : '%';
  return (
    <figure class="bars">
      <figcaption>
        <span>{name}</span>
        <span class="numbers">
          {text(bars[0]!.from)} … {text(bars.at(-1)!.to)} {mark}
        </span>
      </figcaption>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={name}
        data-metric={metric}
      >
        {bars.map(({ from, to, hours }, i) => {
          const height = hours === 0 ? 0 : Math.max(1, (hours / most) * HEIGHT);
          const side = sideOf((from + to) / 2, limits);
          return (
            <rect
              key={from}
              x={i * step + 0.5}
              y={HEIGHT - height}
              width={Math.max(1, step - 1)}
              height={height}
              data-beyond={side !== 0}
            >
              <title>{`${text(from)} – ${text(to)} ${mark}: ${fixed(hours, 1, locale.value)} h`}</title>
            </rect>
          );
        })}
      </svg>
    </figure>
  );
}
