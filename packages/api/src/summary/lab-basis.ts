import type { LabDirectory } from '../rooms/lab-directory.js';
import type { MetricLimits, SummaryBasis } from './interval-summary.js';

/** What the summaries of each lab are measured by: what the query says, or else the labs file, or else the service. */
export function labBasis(
  directory: LabDirectory,
  query: MetricLimits,
  expectedIntervalS: number,
  nowMs: number,
): (lab: string) => SummaryBasis {
  return (lab) => {
    const settings = directory.of(lab);
    return {
      nowMs,
      expectedIntervalS: settings.expectedIntervalS ?? expectedIntervalS,
      limits: { temp: query.temp ?? settings.temp, humidity: query.humidity ?? settings.humidity },
    };
  };
}
