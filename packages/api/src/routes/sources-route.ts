import type { PublishExample, SourceTally } from '@humtemp/intake';
import { type Static, Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { ProblemError } from '../http/problem.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';

/** What a source saw besides what intake counts. */
export interface SourceNotes {
  readonly name: string;
  readonly filters: readonly string[];
  readonly live: boolean;
  readonly events: Readonly<Record<string, number>>;
  readonly unused_keys: readonly {
    readonly path: string;
    readonly seen: number;
    readonly example: string;
    readonly topic: string;
  }[];
}

const Count = Type.Integer({ minimum: 0 });

const Example = Type.Object({
  at: Rfc3339Time,
  topic: Type.String(),
  excerpt: Type.String({ description: 'the beginning of the payload' }),
});

const Line = Type.Object({
  count: Count,
  last: Type.Union([Example, Type.Null()], { description: 'a recent one' }),
});

const Lines = (description: string) => Type.Record(Type.String(), Line, { description });

/** What became of the publishes of each source, in this process. */
export const SourcesList = Type.Object({
  sources: Type.Array(
    Type.Object({
      name: Type.String(),
      filters: Type.Array(Type.String(), { description: 'the MQTT topic filters that bring its topics' }),
      live: Type.Boolean({
        description: 'retained publishes count when they are published, not when a broker repeats them',
      }),
      publishes: Count,
      observations: Line,
      ignored: Line,
      rejected: Lines('publishes, and elements of arrays, that were no observation, by reason'),
      metrics_rejected: Lines('metrics that were wrong in observations that counted without them'),
      events: Type.Record(Type.String(), Count, {
        description:
          'what else happened: values that mean "no reading", clamped values, times replaced by the receipt',
      }),
      unused_keys: Type.Array(
        Type.Object({
          path: Type.String(),
          seen: Type.Integer({ minimum: 1, description: 'in the payloads that were looked through' }),
          example: Type.String(),
          topic: Type.String(),
        }),
        { description: 'keys that look like a temperature or humidity and are not read' },
      ),
    }),
  ),
});

export type SourcesList = Static<typeof SourcesList>;

/** `GET /sources`: what became of every publish, by source. */
export function sourcesRoute({ intake, sourceReports }: RouteOptions): Route {
  return route(
    {
      method: 'get',
      path: '/sources',
      id: 'listSources',
      tag: 'operations',
      summary: 'What became of the publishes of each source, in this process',
      answers: { 'application/json': SourcesList },
      problems: [403],
    },
    (c) => {
      if (!c.get('scope').isAll)
        throw new ProblemError({
          status: 403,
          detail: 'a source may be of any lab: the token is not for all',
        });
      const { tallies } = intake;
      const list: SourcesList = {
        sources: sourceReports().map(({ name, filters, live, events, unused_keys }) => ({
          name,
          filters: [...filters],
          live,
          ...countsOf(tallies.get(name)),
          events: { ...events },
          unused_keys: unused_keys.map((key) => ({ ...key })),
        })),
      };
      return c.json(list);
    },
  );
}

const NONE = { count: 0, last: null };

function countsOf(tally: SourceTally | undefined) {
  if (tally === undefined)
    return { publishes: 0, observations: NONE, ignored: NONE, rejected: {}, metrics_rejected: {} };
  return {
    publishes: tally.publishes,
    observations: lineOf(tally.observations),
    ignored: lineOf(tally.ignored),
    rejected: linesOf(tally.rejected),
    metrics_rejected: linesOf(tally.metricsRejected),
  };
}

function linesOf(lines: SourceTally['rejected']) {
  return Object.fromEntries([...lines].map(([reason, line]) => [reason, lineOf(line)]));
}

function lineOf({ count, example }: { count: number; example: PublishExample | undefined }) {
  return {
    count,
    last:
      example === undefined
        ? null
        : { at: rfc3339Time(example.atMs), topic: example.topic, excerpt: example.excerpt },
  };
}
