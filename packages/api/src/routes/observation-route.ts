import {
  isLabId,
  LAB_ID_PATTERN,
  ObservationPayload,
  REJECTION_ADVICE,
  type RejectionReason,
} from '@humtemp/bucket-core';
import { PayloadSlice } from '@humtemp/intake';
import { Type } from '@sinclair/typebox';
import { requireLab } from '../access/access-guard.js';
import type { RouteOptions } from '../api-options.js';
import { readBoundedBody } from '../http/bounded-body.js';
import { DeadlineExceeded, within } from '../http/deadline.js';
import { ProblemError } from '../http/problem.js';
import { type Route, route } from '../http/route.js';

const SOURCE = 'POST /observation';
/** Intake rejects what comes for it, whatever it is. */
const NO_LAB = '';
/** For a body that intake rejects before it would ask for a lab. */
const ANY_LAB = '-';

export const PostedObservation = Type.Composite([
  Type.Object({ lab_id: Type.String({ pattern: LAB_ID_PATTERN }) }),
  ObservationPayload,
]);

/** The status of each rejection that is not 422. */
const STATUS_OF_REASON: Partial<Record<RejectionReason, number>> = {
  payload_too_large: 413,
  not_utf8: 400,
  not_json: 400,
};

/**
 * `POST /observation`, the original contract: `{"lab_id","timestamp","temp","humidity"}`, answered 200 with `null` once
 * it is in the store. Each request whose body arrived is received once in the ledger, whatever becomes of it.
 */
export function observationRoute({ intake, requestBytesMax, storeTimeoutMs }: RouteOptions): Route {
  /** Resolves when what was received is settled, to whether its lab was refused. */
  async function whetherRefused(lab: string): Promise<boolean> {
    return (await intake.whenSettled(intake.receipt)).has(lab);
  }

  return route(
    {
      method: 'post',
      path: '/observation',
      id: 'postObservation',
      tag: 'observations',
      summary: 'Counts one observation; answered once it is in the store',
      description:
        'At least one of temp (or temperature) and humidity is needed. A duplicate is answered like the first. After 503 it may be sent again with the same timestamp.',
      body: PostedObservation,
      answers: { 'application/json': Type.Null() },
      problems: [403, 413, 422, 503],
    },
    async (c) => {
      const body = await readBoundedBody(c, requestBytesMax);
      if (intake.isFull) throw busy();
      if (!body.isWhole) {
        intake.receive(NO_LAB, body.bytes, SOURCE);
        throw rejected('payload_too_large');
      }
      const { lab, payload, isNamed } = addressed(body.bytes);
      if (isNamed) requireLab(c.get('scope'), lab);
      // Who posts gets an answer, and can send it again: all of an observation counts, or nothing.
      const reason = intake.receive(lab, payload, SOURCE, { mustBeWhole: true });
      if (reason !== undefined) throw rejected(reason);
      const refused = await within(storeTimeoutMs, whetherRefused(lab)).catch((error: unknown) => {
        throw error instanceof DeadlineExceeded ? notCommitted() : error;
      });
      if (refused) throw rejected('too_many_labs');
      return c.json(null);
    },
  );
}

/**
 * The lab that a body is for, and the payload to hand to intake so that it sees one observation or counts one rejection.
 * `isNamed`: the body names a lab that there can be.
 */
function addressed(bytes: Buffer): { lab: string; payload: Buffer; isNamed: boolean } {
  // As intake reads it: without what some devices send around it.
  const text = PayloadSlice.of(bytes).toString();
  const value = parsed(text);
  const anyLab = { lab: ANY_LAB, payload: bytes, isNamed: false };
  // Intake takes an array for a gateway's batch; in another array it is one element, and not an object.
  if (Array.isArray(value)) return { ...anyLab, payload: Buffer.from(`[${text}]`) };
  if (typeof value !== 'object' || value === null) return anyLab;
  const { lab_id } = value as { lab_id?: unknown };
  const lab = typeof lab_id === 'string' ? lab_id : NO_LAB;
  return { lab, payload: bytes, isNamed: isLabId(lab) };
}

/** The JSON value of a body; undefined where intake will find that it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function rejected(reason: RejectionReason): ProblemError {
  const status = STATUS_OF_REASON[reason] ?? 422;
  return new ProblemError({ type: '/problems/rejected', status, detail: REJECTION_ADVICE[reason], reason });
}

export function busy(): ProblemError {
  const detail = 'the observation was not taken: too many others await their commit; send it again later';
  return new ProblemError({ type: '/problems/busy', status: 503, detail, retryAfterS: 1 });
}

export function notCommitted(): ProblemError {
  const detail =
    'the observation may still be counted; sending it again with the same timestamp is safe and counts it once';
  return new ProblemError({ type: '/problems/not-committed', status: 503, detail, retryAfterS: 5 });
}
