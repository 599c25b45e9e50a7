import type { Distribution } from '@humtemp/intake';
import type { Metric, Registry } from 'prom-client';

/** Shows a distribution as a histogram. prom-client's own counts by itself, and its values cannot be given. */
export function histogram(registry: Registry, name: string, help: string, of: Distribution): void {
  const shown = {
    name,
    help,
    type: 'histogram',
    get: async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: samplesOf(name, of) }),
  };
  registry.registerMetric(shown as unknown as Metric);
}

/** A bucket of Prometheus has all values up to its bound. */
function samplesOf(name: string, { bounds, counts, sum }: Distribution) {
  let below = 0;
  const buckets = counts.map((count, i) => {
    below += count;
    const le = bounds[i] === undefined ? '+Inf' : String(bounds[i]);
    return { metricName: `${name}_bucket`, labels: { le }, value: below };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels: {}, value: sum },
    { metricName: `${name}_count`, labels: {}, value: below },
  ];
}
