import type { HttpBindings } from '@hono/node-server';
import { Type } from '@sinclair/typebox';
import { requireLab } from '../access/access-guard.js';
import { EVERY_LAB, LabFilter } from '../access/lab-filter.js';
import type { Scope } from '../access/scope.js';
import { clientOf } from '../http/client.js';
import { ProblemError } from '../http/problem.js';
import { type Route, route } from '../http/route.js';
import { readStore } from '../http/store-read.js';
import { LiveStreams, type LiveStreamsOptions } from './live-streams.js';
import { StreamEvent } from './stream-event.js';

export interface StreamRouteOptions extends LiveStreamsOptions {
  /** How long a new client waits for the store. */
  readonly storeTimeoutMs: number;
  /** Ends all streams when it is aborted, and refuses new ones. */
  readonly stopping?: AbortSignal;
}

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-store',
  // nginx would hold events back.
  'x-accel-buffering': 'no',
} as const;

const LABS_EXPECTED = 'a list of lab ids and prefixes such as floor-2/*, separated by commas';

const StreamQuery = Type.Object({
  labs: Type.Optional(
    Type.String({
      description: `${LABS_EXPECTED}; without it, all that the token may see. At most 1,000 labs`,
      examples: ['library-20,floor-2/*'],
    }),
  ),
});

const StreamHeaders = Type.Object({
  'Last-Event-ID': Type.Optional(
    Type.String({
      description:
        'the id of the last event that a client had: within a minute it is told what has changed since',
    }),
  ),
});

/** `GET /stream?labs=library-20,floor-2/*`. */
export function streamRoute(options: StreamRouteOptions): Route & { readonly streams: LiveStreams } {
  const { storeTimeoutMs, stopping, summaries, listLabs } = options;
  const streams = new LiveStreams({
    ...options,
    summaries: (labs) => readStore(storeTimeoutMs, () => summaries(labs)),
    listLabs: (after, limit) => readStore(storeTimeoutMs, () => listLabs(after, limit)),
  });
  if (stopping?.aborted) streams.close();
  stopping?.addEventListener('abort', () => streams.close(), { once: true });

  const { spec, handlers } = route(
    {
      method: 'get',
      path: '/stream',
      id: 'getStream',
      tag: 'labs',
      summary: 'What changes, once a second, as server-sent events',
      description:
        'First a snapshot of the labs, or with Last-Event-ID the changes since; then once a second changes, with the labs that have changed. A lab that changed twice meanwhile is told once. unavailable: the store does not answer; once it does, changes follow, of no lab if none has changed. The schema is that of one event, its data as parsed from JSON; a comment comes after 15 s of silence. Staleness and the end of a bucket are no changes: they follow from the times.',
      query: StreamQuery,
      headers: StreamHeaders,
      answers: { 'text/event-stream': StreamEvent },
      problems: [403, 429, 503],
    },
    async (c) => {
      // Nobody would read it, nor end it.
      if (c.req.method === 'HEAD') return c.body(null, 200, HEADERS);
      const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
      const scope = c.get('scope');
      const filter = filterOf(c.req.query('labs'), scope);
      return c.body(
        await streams.open(filter, scope, clientOf(c) ?? '', c.req.header('last-event-id'), outgoing),
        200,
        HEADERS,
      );
    },
  );
  return { spec, handlers, streams };
}

/**
 * The labs that a request asks for; all of its scope where it names none.
 * @throws ProblemError for a text that is no filter, and for one that names a lab beyond the scope.
 */
function filterOf(labs: string | undefined, scope: Scope): LabFilter {
  const filter = labs === undefined ? EVERY_LAB : LabFilter.parse(labs);
  if (filter === undefined) throw new ProblemError({ status: 400, detail: `labs is ${LABS_EXPECTED}` });
  for (const lab of filter.ids) requireLab(scope, lab);
  // Prefixes are narrowed to the scope as labs are looked for; where all are meant, this is quicker.
  return filter.isAll ? LabFilter.parse(scope.labs.join())! : filter;
}
