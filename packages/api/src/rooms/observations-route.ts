import { isUtf8 } from 'node:buffer';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isLabId, REJECTION_REASONS, type RejectionReason } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { Scope } from '../access/scope.js';
import type { RouteOptions } from '../api-options.js';
import { readBoundedBody } from '../http/bounded-body.js';
import { BusyLimit } from '../http/busy-limit.js';
import { clientOf } from '../http/client.js';
import { DeadlineExceeded, within } from '../http/deadline.js';
import { ProblemError } from '../http/problem.js';
import { type Route, route } from '../http/route.js';
import { busy, notCommitted, PostedObservation } from '../routes/observation-route.js';

const SOURCE = 'POST /observations';
const BODY_BYTES_MAX = 1024 * 1024;
const OBSERVATIONS_MAX = 10_000;
/** Bodies that are read and taken at a time: each is held in memory. */
const BODIES_MAX = 16;
/** Observations taken before everything else has a turn. */
const TAKEN_AT_ONCE = 250;
const NO_LAB = '';
const ANY_LAB = '-';

const Fate = Type.Union(
  [
    Type.Literal('counted'),
    Type.Literal('not_taken'),
    ...REJECTION_REASONS.map((reason) => Type.Literal(reason)),
  ],
  {
    description:
      'counted: it is in the store, now or before; not_taken: too many others await their commit, send it again; else why it was rejected',
  },
);
type Fate = Static<typeof Fate>;

/** What became of each observation of a body. */
export const ObservationFates = Type.Object({
  counted: Type.Integer({ minimum: 0 }),
  rejected: Type.Integer({ minimum: 0 }),
  not_taken: Type.Integer({ minimum: 0 }),
  fates: Type.Array(Fate, { description: 'in the order of the observations' }),
});

export type ObservationFates = Static<typeof ObservationFates>;

/** One observation of a body: its lab, and the payload that intake reads. */
interface Posted {
  readonly lab: string;
  readonly payload: Buffer;
}

/** `POST /observations`: many at once, as an array or one a line, with the fate of each. */
export function observationsRoute({ intake, storeTimeoutMs }: RouteOptions): Route {
  const bodies = new BusyLimit(BODIES_MAX);

  /** Hands observations to intake, some in each turn of the event loop. */
  async function take(posted: readonly Posted[], scope: Scope): Promise<Fate[]> {
    const fates: Fate[] = [];
    for (const { lab, payload } of posted) {
      if (fates.length > 0 && fates.length % TAKEN_AT_ONCE === 0) await nextTurn();
      fates.push(fateOf(lab, payload, scope));
    }
    return fates;
  }

  function fateOf(lab: string, payload: Buffer, scope: Scope): Fate {
    if (isLabId(lab) && lab !== ANY_LAB && !scope.allows(lab)) return 'not_authorized';
    if (intake.isFull) return 'not_taken';
    return intake.receive(lab, payload, SOURCE, { mustBeWhole: true }) ?? 'counted';
  }

  return route(
    {
      method: 'post',
      path: '/observations',
      id: 'postObservations',
      tag: 'observations',
      summary: 'Counts many observations; answered with the fate of each once they are in the store',
      description: `An array, or NDJSON with one observation a line; at most ${OBSERVATIONS_MAX} of them and ${BODY_BYTES_MAX} bytes. One that is rejected keeps no other from being counted. After 503 all may be sent again with the same timestamps.`,
      body: Type.Array(PostedObservation, { maxItems: OBSERVATIONS_MAX }),
      answers: { 'application/json': ObservationFates },
      problems: [413, 429, 503],
    },
    async (c) => {
      const leave = bodies.enter(clientOf(c));
      try {
        const body = await readBoundedBody(c, BODY_BYTES_MAX);
        if (!body.isWhole) throw tooLarge(`the body is longer than ${BODY_BYTES_MAX} bytes`);
        const posted = observationsIn(body.bytes);
        if (posted.length > OBSERVATIONS_MAX)
          throw tooLarge(`the body has more than ${OBSERVATIONS_MAX} observations`);
        if (intake.isFull) throw busy();
        const fates = await take(posted, c.get('scope'));
        const refused = await within(storeTimeoutMs, intake.whenSettled()).catch((error: unknown) => {
          throw error instanceof DeadlineExceeded ? notCommitted() : error;
        });
        for (const [i, { lab }] of posted.entries())
          if (fates[i] === 'counted' && refused.has(lab))
            fates[i] = 'too_many_labs' satisfies RejectionReason;
        const counted = fates.filter((fate) => fate === 'counted').length;
        const not_taken = fates.filter((fate) => fate === 'not_taken').length;
        const rejected = fates.length - counted - not_taken;
        return c.json({ counted, rejected, not_taken, fates } satisfies ObservationFates);
      } finally {
        leave();
      }
    },
  );
}

/** @throws ProblemError with status 400 for a body that is neither an array nor lines. */
function observationsIn(bytes: Buffer): readonly Posted[] {
  if (!isUtf8(bytes)) throw new ProblemError({ status: 400, detail: 'the body is not valid UTF-8' });
  const text = bytes.toString('utf8').replace(/^\ufeff/, '');
  if (!text.trimStart().startsWith('[')) {
    const lines = text.split('\n').filter((line) => line.trim() !== '');
    return lines.map((line) => addressed(parsed(line), Buffer.from(line)));
  }
  const values = parsed(text);
  if (!Array.isArray(values))
    throw new ProblemError({
      status: 400,
      detail: 'the body is not one JSON array, nor one observation a line',
    });
  return values.map((value) => addressed(value, Buffer.from(JSON.stringify(value))));
}

function addressed(value: unknown, payload: Buffer): Posted {
  if (typeof value !== 'object' || value === null) return { lab: ANY_LAB, payload };
  // Intake takes an array for a gateway's batch; here it is one element, and not an object.
  if (Array.isArray(value)) return { lab: ANY_LAB, payload: Buffer.from(`[${payload}]`) };
  const { lab_id } = value as { lab_id?: unknown };
  return { lab: typeof lab_id === 'string' ? lab_id : NO_LAB, payload };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function tooLarge(detail: string): ProblemError {
  return new ProblemError({ status: 413, detail });
}
