import type { StoreHealth } from '@humtemp/bucket-core';
import { Type } from '@sinclair/typebox';
import type { Logger } from 'pino';
import { within } from '../http/deadline.js';
import { ProblemError } from '../http/problem.js';
import { type Route, route } from '../http/route.js';

const Alive = Type.Object({ status: Type.Literal('alive') });
const Ready = Type.Object({
  status: Type.Literal('ready'),
  warnings: Type.Optional(
    Type.Array(Type.String(), {
      description: 'what is not as it should be, though it works for now, each with the line to change',
    }),
  ),
});

export interface HealthOptions {
  /** How the store is; one that is lost never comes back in this process. */
  readonly storeHealth: () => StoreHealth;
  /** Why this process cannot do its work now; empty when it can. */
  readonly readiness: () => Promise<readonly string[]>;
  /** What is not as it should be, though this process can do its work; default: nothing. */
  readonly warnings?: () => readonly string[];
  /** After how long the answer no longer waits for that. */
  readonly readinessMsMax: number;
  readonly log: Logger;
}

/** `GET /livez`: this process runs. It asks nothing of any other, so that no outage gets it restarted. */
export function liveRoute({ storeHealth }: Pick<HealthOptions, 'storeHealth'>): Route {
  return route(
    {
      method: 'get',
      path: '/livez',
      id: 'getLiveness',
      tag: 'operations',
      summary: 'Whether this process runs',
      takesAnyQuery: true,
      answers: { 'application/json': Alive },
      problems: [503],
    },
    (c) => {
      if (storeHealth() !== 'lost') return c.json({ status: 'alive' });
      throw notReady(['the store of this process is lost: it has to be started again']);
    },
  );
}

/** `GET /readyz`: this process can do its work now, or the reasons why it cannot. */
export function readyRoute({
  readiness,
  warnings,
  readinessMsMax,
  log,
}: Omit<HealthOptions, 'storeHealth'>): Route {
  return route(
    {
      method: 'get',
      path: '/readyz',
      id: 'getReadiness',
      tag: 'operations',
      summary: 'Whether this process can do its work now',
      takesAnyQuery: true,
      answers: { 'application/json': Ready },
      problems: [503],
    },
    async (c) => {
      const reasons = await within(readinessMsMax, readiness()).catch((error: unknown) => {
        log.warn({ err: error }, 'the readiness check failed');
        return ['the readiness check failed, or took too long'];
      });
      const noted = warnings?.() ?? [];
      if (reasons.length === 0)
        return c.json({ status: 'ready', ...(noted.length > 0 && { warnings: [...noted] }) });
      throw notReady(reasons);
    },
  );
}

function notReady(reasons: readonly string[]): ProblemError {
  return new ProblemError({
    type: '/problems/not-ready',
    status: 503,
    detail: reasons.join('; '),
    reasons: [...reasons],
    retryAfterS: 5,
  });
}
