import {
  averageOfThousandths,
  type BucketGrid,
  bucketStartS,
  type LabBucket,
  type Resolution,
} from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import { durationParameter, durationSeconds } from '../query/parameters.js';
import { badParameter } from '../query/read-query.js';
import { oldestStartS } from '../query/time-range.js';
import { ACTIVATION_KJ_PER_MOL, meanKineticTemperature } from './mean-kinetic-temperature.js';
import type { MergedSpan } from './merged-spans.js';
import { type TimeWeighted, timeWeighted } from './time-weighted.js';

const HOLD_S_DEFAULT = 3600;

/** Query parameters of what summaries of a range have beside those of a bucket. */
export const RangeExtraParameters = {
  time_weighted: Type.Optional(
    Type.Boolean({ description: 'true: the averages over time, too, from the finest buckets kept' }),
  ),
  hold: Type.Optional(
    durationParameter(
      'a duration: for how long a value holds without another one, for averages over time; 1h if not given',
    ),
  ),
  activation_energy: Type.Optional(
    Type.Number({
      minimum: 1,
      maximum: 1000,
      description: `ΔH of the mean kinetic temperature in kJ/mol, 1 to 1000; ${ACTIVATION_KJ_PER_MOL} if not given`,
    }),
  ),
};

export interface RangeExtraQuery {
  readonly time_weighted?: boolean;
  readonly hold?: string;
  readonly activation_energy?: number;
}

const ErrorBound = Type.Number({ minimum: 0, description: 'the exact one is no further from it than this' });

const TimeAverage = Type.Object(
  {
    avg: Type.Number(),
    error: ErrorBound,
    covered: Type.Number({
      minimum: 0,
      maximum: 1,
      description:
        'share of the range in which some value held; of a metric that not every observation has, at most that',
    }),
  },
  { $id: 'TimeAverage' },
);
const TimeAverageIfAny = Type.Union([TimeAverage, Type.Null()]);

export const RangeExtras = Type.Object({
  mean_kinetic_temp: Type.Union(
    [
      Type.Object({ value: Type.Number(), error: ErrorBound }, { $id: 'MeanKineticTemperature' }),
      Type.Null(),
    ],
    { description: 'in °C; null without temperatures, or where no histogram is kept' },
  ),
  time_weighted: Type.Optional(Type.Object({ temp: TimeAverageIfAny, humidity: TimeAverageIfAny })),
});

export type RangeExtras = Static<typeof RangeExtras>;

/** The buckets from which averages over time are made; undefined: none are wanted. */
export interface FineRead {
  readonly resolution: Resolution;
  readonly startS: number;
  readonly endS: number;
  readonly holdS: number;
}

/** The finest resolution that is kept for so long, from a hold before the range on. @throws ProblemError with status 400. */
export function fineRead(
  query: RangeExtraQuery,
  { startS, endS }: { readonly startS: number; readonly endS: number },
  grid: BucketGrid,
  nowMs: number,
): FineRead | undefined {
  if (query.hold !== undefined && query.time_weighted !== true)
    throw badParameter('hold', 'given together with time_weighted=true only');
  if (query.time_weighted !== true || startS >= endS) return undefined;
  const holdS = query.hold === undefined ? HOLD_S_DEFAULT : durationSeconds('hold', query.hold);
  const finest = [...grid.resolutions].sort((a, b) => a.durationS - b.durationS);
  const isBorder = (s: number, { durationS }: Resolution) =>
    bucketStartS(s * 1000, durationS, grid.alignmentS) === s;
  const resolution =
    finest.find(
      (one) => oldestStartS(one, grid, nowMs) <= startS && isBorder(startS, one) && isBorder(endS, one),
    ) ?? finest.at(-1)!;
  const heldS = Math.max(holdS, resolution.durationS);
  const fromS = bucketStartS((startS - heldS) * 1000, resolution.durationS, grid.alignmentS);
  return { resolution, startS: fromS, endS, holdS };
}

/** @param fine buckets as `read` has it. */
export function rangeExtras(
  { aggregate, startS, endS }: MergedSpan,
  query: RangeExtraQuery,
  read: FineRead | undefined,
  fine: readonly LabBucket[],
  nowMs: number,
): RangeExtras {
  const kinetic = meanKineticTemperature(aggregate.temp, query.activation_energy);
  const average = (name: 'temp' | 'humidity') => {
    const { resolution, holdS } = read!;
    const endMs = Math.min(endS * 1000, nowMs);
    if (endMs <= startS * 1000) return null;
    const range = { startMs: startS * 1000, endMs, durationS: resolution.durationS, holdMs: holdS * 1000 };
    return shown(timeWeighted(fine, name, range));
  };
  return {
    mean_kinetic_temp:
      kinetic === null
        ? null
        : { value: rounded(kinetic.value * 1000), error: roundedUp(kinetic.error * 1000) },
    ...(read === undefined
      ? {}
      : { time_weighted: { temp: average('temp'), humidity: average('humidity') } }),
  };
}

function shown(average: TimeWeighted | null): Static<typeof TimeAverage> | null {
  if (average === null) return null;
  return { avg: rounded(average.avg), error: roundedUp(average.error), covered: average.covered };
}

/** Thousandths as °C or %RH, to a millionth: no digits that say nothing. */
function rounded(thousandths: number): number {
  return averageOfThousandths(Math.round(thousandths * 1000), 1000);
}

/** Never less than it is, with what rounding the value loses. */
function roundedUp(thousandths: number): number {
  return thousandths < 1e-6 ? 0 : averageOfThousandths(Math.ceil(thousandths * 1000) + 1, 1000);
}
