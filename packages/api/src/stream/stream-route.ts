import type { HttpBindings } from '@hono/node-server';
import type { Hono } from 'hono';
import { requireLab } from '../access/access-guard.js';
import { EVERY_LAB, LabFilter } from '../access/lab-filter.js';
import type { Scope } from '../access/scope.js';
import { ProblemError } from '../problem.js';
import { readStore } from '../store-read.js';
import { LiveStreams, type LiveStreamsOptions } from './live-streams.js';

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

/**
 * `GET /stream?labs=library-20,floor-2/*`: server-sent events. First a `snapshot` of these labs, or with Last-Event-ID
 * the `changes` since; then once a second `changes`, with the labs that have changed. `unavailable` when the store does
 * not answer. Every event has the whole state of a lab; a lab that changed twice meanwhile is told once.
 */
export function streamRoute(app: Hono, options: StreamRouteOptions): LiveStreams {
  const { storeTimeoutMs, stopping, summaries, listLabs } = options;
  const streams = new LiveStreams({
    ...options,
    summaries: (labs) => readStore(storeTimeoutMs, () => summaries(labs)),
    listLabs: (after, limit) => readStore(storeTimeoutMs, () => listLabs(after, limit)),
  });
  if (stopping?.aborted) streams.close();
  stopping?.addEventListener('abort', () => streams.close(), { once: true });

  app.get('/stream', async (c) => {
    // Nobody would read it, nor end it.
    if (c.req.method === 'HEAD') return c.body(null, 200, HEADERS);
    const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
    const scope = c.get('scope');
    const filter = filterOf(c.req.query('labs'), scope);
    return c.body(await streams.open(filter, scope, c.req.header('last-event-id'), outgoing), 200, HEADERS);
  });
  return streams;
}

/**
 * The labs that a request asks for; all of its scope where it names none.
 * @throws ProblemError for a text that is no filter, and for one that names a lab beyond the scope.
 */
function filterOf(labs: string | undefined, scope: Scope): LabFilter {
  const filter = labs === undefined ? EVERY_LAB : LabFilter.parse(labs);
  if (filter === undefined)
    throw new ProblemError({
      status: 400,
      detail: 'labs is a list of lab ids and prefixes such as floor-2/*, separated by commas',
    });
  for (const lab of filter.ids) requireLab(scope, lab);
  // Prefixes are narrowed to the scope as labs are looked for; where all are meant, this is quicker.
  return filter.isAll ? LabFilter.parse(scope.labs.join())! : filter;
}
