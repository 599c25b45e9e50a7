import { isHumidityFixed, isTempFixed } from '../observation/observation.js';
import type { Aggregate, MetricAggregate } from './aggregate.js';
import { HISTOGRAM_BIN } from './histogram.js';

/** The largest count that a store can keep. */
const COUNT_MAX = 2 ** 32 - 1;

/**
 * Why an aggregate from elsewhere cannot be that of observations of the bucket [startS, startS + durationS): what is wrong
 * first; undefined: nothing is.
 */
export function unsoundAggregate(
  aggregate: Aggregate,
  startS: number,
  durationS: number,
): string | undefined {
  const { observations, firstMs, temp, humidity } = aggregate;
  const isWithin = (ms: number) =>
    Number.isSafeInteger(ms) && ms >= startS * 1000 && ms < (startS + durationS) * 1000;
  if (!isCount(observations) || observations === 0) return 'observations is no count';
  if (!isWithin(firstMs)) return 'first_ms is not within the bucket';
  if (temp.count + humidity.count < observations) return 'there are more observations than values';
  for (const [name, metric, isFixed, width] of [
    ['temp', temp, isTempFixed, HISTOGRAM_BIN.temp],
    ['humidity', humidity, isHumidityFixed, HISTOGRAM_BIN.humidity],
  ] as const) {
    const wrong = unsoundMetric(metric, observations, isFixed, width);
    if (wrong !== undefined) return `${name}: ${wrong}`;
    if (metric.count > 0 && !(isWithin(metric.lastMs) && metric.lastMs >= firstMs))
      return `${name}: last_ms is not within the bucket`;
  }
  return undefined;
}

function unsoundMetric(
  { count, sum, sumSquares, min, max, last, histogram }: MetricAggregate,
  observations: number,
  isFixed: (value: number) => boolean,
  width: number,
): string | undefined {
  if (!isCount(count) || count > observations) return 'count is no count of these observations';
  if (count === 0) return undefined;
  if (![min, max, last].every((value) => Number.isInteger(value) && isFixed(value)))
    return 'min, max or last is no value in thousandths';
  if (!(min <= last && last <= max)) return 'last is not between min and max';
  if (!(Number.isSafeInteger(sum) && sum >= count * min && sum <= count * max))
    return 'sum does not go with count, min and max';
  if (!(Number.isInteger(sumSquares) && sumSquares >= 0)) return 'sum_squares is no sum of squares';
  if (histogram === undefined) return undefined;
  const { firstBin, counts } = histogram;
  const isRun =
    firstBin === Math.floor(min / width) && firstBin + counts.length - 1 === Math.floor(max / width);
  if (!isRun || !counts.every(isCount) || counts.reduce((a, b) => a + b, 0) !== count)
    return 'bins do not go with count, min and max';
  return undefined;
}

function isCount(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= COUNT_MAX;
}
