import { Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { within } from '../http/deadline.js';
import { ProblemError } from '../http/problem.js';
import { type Route, route } from '../http/route.js';

const Alive = Type.Object({ status: Type.Literal('alive') });
const Ready = Type.Object({ status: Type.Literal('ready') });

/** `GET /livez`: this process runs. It asks nothing of any other, so that no outage gets it restarted. */
export function liveRoute(): Route {
  return route(
    {
      method: 'get',
      path: '/livez',
      id: 'getLiveness',
      summary: 'Whether this process runs',
      answers: { 'application/json': Alive },
    },
    (c) => c.json({ status: 'alive' }),
  );
}

/** `GET /readyz`: this process can do its work now, or the reasons why it cannot. */
export function readyRoute({ readiness, storeTimeoutMs, log }: RouteOptions): Route {
  return route(
    {
      method: 'get',
      path: '/readyz',
      id: 'getReadiness',
      summary: 'Whether this process can do its work now',
      answers: { 'application/json': Ready },
      problems: [503],
    },
    async (c) => {
      const reasons = await within(storeTimeoutMs, readiness()).catch((error: unknown) => {
        log.warn({ err: error }, 'the readiness check failed');
        return ['the readiness check failed, or took too long'];
      });
      if (reasons.length === 0) return c.json({ status: 'ready' });
      throw new ProblemError({
        type: '/problems/not-ready',
        status: 503,
        detail: reasons.join('; '),
        reasons: [...reasons],
        retryAfterS: 5,
      });
    },
  );
}
