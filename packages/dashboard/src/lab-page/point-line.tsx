import type { Signal } from '@preact/signals';
import { fixed, inUnit } from '../format/measures.js';
import { moment } from '../format/moments.js';
import type { Bucket, MetricName } from '../lab/series.js';
import { clockPlace, locale, unit, words } from '../settings/settings.js';

interface PointLineProps {
  readonly buckets: readonly Bucket[];
  readonly metric: MetricName;
  /** The bucket under the pointer. */
  readonly index: Signal<number | undefined>;
}

/** What the bucket under the pointer says of a metric. */
export function PointLine({ buckets, metric, index }: PointLineProps) {
  const bucket = index.value === undefined ? undefined : (buckets[index.value] ?? buckets.at(-1));
  if (bucket === undefined) return null;
  const values = bucket[metric];
  const place = clockPlace.value;
  const text = (value: number) =>
    fixed(
      metric === 'temp' ? inUnit(value, unit.value.value) : value,
      metric === 'temp' ? 2 : 1,
      locale.value,
    );
  return (
    <p class="point-line numbers">
      {moment(Date.parse(bucket.start), 'moment', place)} – {moment(Date.parse(bucket.end), 'time', place)}{' '}
      {values === null ? (
        words.value.hours.nothing
      ) : (
        <>
          <b>
            {text(values.avg)} {metric === 'temp' ? `°${unit.value.value}` : '%'}
          </b>{' '}
          ({text(values.min)} … {text(values.max)}, n = {values.count})
        </>
      )}
    </p>
  );
}
