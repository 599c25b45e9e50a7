import { type Aggregate, averageOfThousandths } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';

/** What the original contract says about one lab and bucket. `null` where no observation has the metric. */
export const LabSummary = Type.Object({
  lab_id: Type.String(),
  avg_temp: Type.Union([Type.Number(), Type.Null()]),
  avg_humidity: Type.Union([Type.Number(), Type.Null()]),
});

export type LabSummary = Static<typeof LabSummary>;

export function labSummary(lab: string, aggregate: Aggregate): LabSummary {
  return {
    lab_id: lab,
    avg_temp: average(aggregate.temp),
    avg_humidity: average(aggregate.humidity),
  };
}

/** Average of a metric in its unit, or null where no observation has it. */
function average(metric: { readonly count: number; readonly sum: number }): number | null {
  return metric.count === 0 ? null : averageOfThousandths(metric.sum, metric.count);
}
