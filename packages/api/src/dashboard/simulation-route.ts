import type { HttpBindings } from '@hono/node-server';
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Context } from 'hono';
import { requireLab } from '../access/access-guard.js';
import type { RouteOptions } from '../api-options.js';
import { readBoundedBody } from '../http/bounded-body.js';
import { ProblemError } from '../http/problem.js';
import { Rfc3339Time, rfc3339Time } from '../http/rfc3339-time.js';
import { type Route, route } from '../http/route.js';

/** Made-up labs, for whoever has no sensor yet. */
export interface Simulation {
  readonly labs: readonly string[];
  /** When it ends by itself, Unix milliseconds; undefined while it does not run. */
  readonly endsMs: number | undefined;
  /** Goes on from the beginning of its time if it runs. */
  start(): void;
  stop(): void;
}

const BODY_BYTES_MAX = 1000;
const PATH = '/simulation';

export const SimulationState = Type.Object({
  offered: Type.Boolean({
    description:
      'whether this client may start it: on the machine of `humtemp start` with its own broker, both on loopback',
  }),
  running: Type.Boolean(),
  labs: Type.Array(Type.String(), { description: 'ids of the made-up labs' }),
  ends_at: Type.Union([Rfc3339Time, Type.Null()], { description: 'when it ends by itself' }),
});

const Wanted = Type.Object({ running: Type.Boolean() }, { additionalProperties: false });

/** `GET /simulation`: whether made-up labs report, and until when. */
export function simulationRoute({ simulation }: RouteOptions): Route {
  return route(
    {
      method: 'get',
      path: PATH,
      id: 'getSimulation',
      tag: 'operations',
      summary: 'Whether made-up labs report, and until when',
      answers: { 'application/json': SimulationState },
    },
    (c) => c.json(stateOf(c, simulation)),
  );
}

/** `POST /simulation`: lets made-up labs report for some minutes, or ends that. */
export function simulateRoute({ simulation }: RouteOptions): Route {
  return route(
    {
      method: 'post',
      path: PATH,
      id: 'postSimulation',
      tag: 'operations',
      summary: 'Lets made-up labs report for some minutes, or ends that',
      description: 'For a first look, from the machine itself only. It begins with a day of the past.',
      body: Wanted,
      answers: { 'application/json': SimulationState },
      problems: [403, 404],
    },
    async (c) => {
      if (simulation === undefined || !isOnThisMachine(c))
        throw new ProblemError({
          status: 404,
          detail:
            'made-up labs are offered only by humtemp start with its own broker, on loopback, to clients on its machine: see humtemp simulate',
        });
      const { running } = await wanted(c);
      for (const lab of simulation.labs) requireLab(c.get('scope'), lab);
      if (running) simulation.start();
      else simulation.stop();
      return c.json(stateOf(c, simulation));
    },
  );
}

function stateOf(c: Context, simulation: Simulation | undefined): Static<typeof SimulationState> {
  const { mayWrite, allows } = c.get('scope');
  const labs = simulation?.labs ?? [];
  const endsMs = simulation?.endsMs;
  return {
    offered: simulation !== undefined && isOnThisMachine(c) && mayWrite && labs.every((lab) => allows(lab)),
    running: endsMs !== undefined,
    labs: labs.filter((lab) => allows(lab)),
    ends_at: endsMs === undefined ? null : rfc3339Time(endsMs),
  };
}

/** @throws ProblemError with status 400 */
async function wanted(c: Context): Promise<Static<typeof Wanted>> {
  const { bytes } = await readBoundedBody(c, BODY_BYTES_MAX);
  try {
    return Value.Decode(Wanted, JSON.parse(bytes.toString('utf8')));
  } catch {
    throw new ProblemError({ status: 400, detail: 'the body is {"running":true} or {"running":false}' });
  }
}

/** Whether whoever asks is here: its address is that of loopback, and nothing in between speaks for another. */
function isOnThisMachine(c: Context): boolean {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  const address = incoming?.socket.remoteAddress ?? '';
  const isLoopback = address === '::1' || /^(::ffff:)?127\./i.test(address);
  return isLoopback && !FORWARDED.some((name) => c.req.header(name) !== undefined);
}

const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];
