import { LAB_PREFIX_PATTERN } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import { requireLab } from '../access/access-guard.js';
import type { Scope } from '../access/scope.js';
import type { RouteOptions } from '../api-options.js';
import type { BusyLimit } from '../http/busy-limit.js';
import { cacheControl, revalidated } from '../http/caching.js';
import { compressed } from '../http/compression.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { mergedByBucket, mergedByLab } from '../labs/merged-labs.js';
import { visibleLabs } from '../labs/visible-labs.js';
import { checkMerged, MERGED_BUCKETS_MAX } from '../query/buckets-to-merge.js';
import { TimeZoneParameter } from '../query/local-days.js';
import { durationText, metricLimits } from '../query/parameters.js';
import { RangeParameters } from '../query/range-query.js';
import { badParameter, readQuery } from '../query/read-query.js';
import { bucketCount } from '../query/time-range.js';
import { type Coverage, CoveredIntervals } from '../summary/coverage.js';
import { IntervalSummary, intervalSummary } from '../summary/interval-summary.js';
import { rangeSpan } from '../summary/range-span.js';

/** Many labs' buckets of a range, merged into one summary. */
export const LabsSummary = Type.Composite([
  Type.Object({
    labs: Type.Integer({ minimum: 0, description: 'labs that are summarised' }),
    labs_with_observations: Type.Integer({ minimum: 0 }),
    unknown: Type.Array(Type.String(), { description: 'of the labs that were named, those nobody heard of' }),
    resolution: Type.String({ description: 'duration of the buckets that were merged' }),
  }),
  IntervalSummary,
]);

export type LabsSummary = Static<typeof LabsSummary>;

const LABS_NAMED_MAX = 1000;

const LABS_EXPECTED = `up to ${LABS_NAMED_MAX} lab ids, separated by commas; not together with prefix`;
const id = LAB_PREFIX_PATTERN.slice(1, -1);

const SummariesQuery = Type.Object({
  labs: Type.Optional(Type.String({ pattern: `^${id}(,${id})*$`, description: LABS_EXPECTED })),
  prefix: Type.Optional(
    Type.String({ pattern: LAB_PREFIX_PATTERN, description: 'how the ids of the labs begin' }),
  ),
  ...RangeParameters,
  ...TimeZoneParameter,
});

/** `GET /summaries`. */
export function summariesRoute(options: RouteOptions, limit: BusyLimit): Route {
  const { store, grid, clock, expectedIntervalS, directories, storeTimeoutMs } = options;

  /** The labs that a query names, of which some may be unknown; or else all that are known and begin as it says. */
  async function labsOf(
    { labs, prefix = '' }: Static<typeof SummariesQuery>,
    scope: Scope,
    nowMs: number,
  ): Promise<{ known: readonly string[]; unknown: readonly string[] }> {
    let named: readonly string[];
    if (labs === undefined) {
      const limit = MERGED_BUCKETS_MAX + 1;
      named = await readStore(storeTimeoutMs, () => visibleLabs(store, scope, prefix, '', limit, nowMs));
      if (scope.isAll) return { known: named, unknown: [] };
    } else {
      named = [...new Set(labs.split(','))];
      if (named.length > LABS_NAMED_MAX) throw badParameter('labs', LABS_EXPECTED);
      for (const lab of named) requireLab(scope, lab);
    }
    const newest = await readStore(storeTimeoutMs, () => store.latest(named, nowMs));
    return {
      known: named.filter((_, i) => newest[i] !== undefined),
      unknown: labs === undefined ? [] : named.filter((_, i) => newest[i] === undefined),
    };
  }

  /** Those without observations have none. Added up in the order of the labs, so that the same data gives the same ETag. */
  function meanCoverage(
    labs: readonly string[],
    coveredByLab: ReadonlyMap<string, CoveredIntervals>,
    { startS, endS }: { readonly startS: number; readonly endS: number },
    nowMs: number,
  ): Coverage {
    const none = new CoveredIntervals(nowMs, expectedIntervalS).of(startS, endS);
    if (none.any === null || labs.length === 0) return { any: null, temp: null, humidity: null };
    const sum = { any: 0, temp: 0, humidity: 0 };
    for (const lab of labs) {
      const covered = coveredByLab.get(lab)?.of(startS, endS) ?? none;
      for (const of of ['any', 'temp', 'humidity'] as const) sum[of] += covered[of] ?? 0;
    }
    const mean = (total: number) => total / labs.length;
    return { any: mean(sum.any), temp: mean(sum.temp), humidity: mean(sum.humidity) };
  }

  return route(
    {
      method: 'get',
      path: '/summaries',
      id: 'getSummaries',
      tag: 'labs',
      summary: 'One summary of many labs over a range of time',
      description:
        'Of the labs named, or of those with the prefix, or of all. Every observation weighs the same; coverage is the mean of the coverages of the labs. The range is widened to bucket borders and cut to what is kept; start and end of the answer say what it became.',
      query: SummariesQuery,
      answers: { 'application/json': LabsSummary },
      problems: [403, 429, 503],
      revalidates: true,
    },
    compressed,
    revalidated,
    async (c) => {
      const query = readQuery(c, SummariesQuery);
      if (query.labs !== undefined && query.prefix !== undefined) throw badParameter('labs', LABS_EXPECTED);
      const nowMs = clock();
      const basis = { nowMs, expectedIntervalS, limits: metricLimits(query) };
      const range = rangeSpan(query, grid, nowMs);
      const { resolution, startS, endS } = range;
      const count = bucketCount(range, resolution);
      const scope = c.get('scope');
      const leave = limit.enter();
      try {
        const { known, unknown } = await labsOf(query, scope, nowMs);
        checkMerged(count, known.length);
        const directory = directories.current;
        const wanted = {
          store,
          labs: known,
          resolution,
          startS,
          endS,
          nowMs,
          expectedIntervalS: (lab: string) => directory.of(lab).expectedIntervalS ?? expectedIntervalS,
          timeoutMs: storeTimeoutMs,
        };
        const isAll = query.labs === undefined && query.prefix === undefined && scope.isAll;
        const merge = isAll && known.length > count ? mergedByBucket : mergedByLab;
        const { merged, coveredByLab } = await merge(wanted);
        const covered = meanCoverage(known, coveredByLab, range, nowMs);
        cacheControl(c, endS * 1000 <= nowMs);
        return c.json({
          labs: known.length,
          labs_with_observations: coveredByLab.size,
          unknown: [...unknown],
          resolution: durationText(resolution),
          ...intervalSummary(merged, startS, endS, basis, covered),
        } satisfies LabsSummary);
      } finally {
        leave();
      }
    },
  );
}
