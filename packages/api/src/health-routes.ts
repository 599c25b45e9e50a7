import type { Handler } from 'hono';
import type { RouteOptions } from './api-options.js';
import { within } from './deadline.js';
import { ProblemError } from './problem.js';

/** `GET /livez`: this process runs. It asks nothing of any other, so that no outage gets it restarted. */
export const liveRoute: Handler = (c) => c.json({ status: 'alive' });

/** `GET /readyz`: this process can do its work now, or the reasons why it cannot. */
export function readyRoute({ readiness, storeTimeoutMs, log }: RouteOptions): Handler {
  return async (c) => {
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
  };
}
