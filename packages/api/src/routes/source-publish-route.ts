import {
  REJECTION_ADVICE,
  REJECTION_REASONS,
  type RejectionReason,
  rejectedTotal,
} from '@humtemp/bucket-core';
import { PayloadSlice } from '@humtemp/intake';
import { Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { readBoundedBody } from '../http/bounded-body.js';
import { DeadlineExceeded, within } from '../http/deadline.js';
import { ProblemError } from '../http/problem.js';
import { type Route, route } from '../http/route.js';
import { badParameter, readQuery } from '../query/read-query.js';

const TOPIC_LENGTH_MAX = 1000;

const TOPIC = 'the MQTT topic on which the device would have published it: needed';

const PublishQuery = Type.Object({
  topic: Type.Optional(Type.String({ minLength: 1, maxLength: TOPIC_LENGTH_MAX, description: TOPIC })),
});

const Taken = Type.Object({
  observations: Type.Integer({ minimum: 0, description: 'that are in the store, duplicates included' }),
  rejected: Type.Integer({
    minimum: 0,
    description: 'elements that were no observation; GET /rejections lists them',
  }),
  ignored: Type.Boolean({ description: 'the source knows such publishes and does not want them' }),
});

/**
 * `POST /sources/{name}`: the payload of a device as it is, for gateways that speak HTTP. Answered once it is
 * in the store. As with MQTT, what is good of it counts; only a payload without any observation is a problem.
 */
export function sourcePublishRoute({
  intake,
  sources,
  requestBytesMax,
  storeTimeoutMs,
}: RouteOptions): Route {
  return route(
    {
      method: 'post',
      path: '/sources/{name}',
      pattern: '/sources/:name',
      id: 'postToSource',
      summary: 'Counts the payload of a device as it is; answered once it is in the store',
      parameters: { name: Type.String({ description: 'the name of the source' }) },
      query: PublishQuery,
      body: Type.Unknown({
        description: 'what the device publishes: JSON, or bytes that the source decodes',
      }),
      answers: { 'application/json': Taken },
      problems: [403, 404, 413, 422, 503],
    },
    async (c) => {
      const name = c.req.param('name')!;
      const { topic } = readQuery(c, PublishQuery);
      if (topic === undefined) throw badParameter('topic', TOPIC);
      const body = await readBoundedBody(c, requestBytesMax);
      if (intake.isFull) throw busy();
      const named = sources.sources.filter((one) => one.name === name);
      if (named.length === 0)
        throw new ProblemError({
          status: 404,
          detail: `there is no source ${name}: GET /sources lists them`,
        });
      const source = named.find((one) => one.match(topic) !== undefined);
      if (source === undefined)
        throw new ProblemError({ status: 404, detail: `the topic is none of the source ${name}` });
      const scope = c.get('scope');
      /** The lab of each observation that is taken. */
      const labs: string[] = [];
      const publish = {
        topic,
        payload: PayloadSlice.of(body.bytes),
        isReplayed: false,
        mayCount: (lab: string) => {
          if (!scope.allows(lab)) return false;
          labs.push(lab);
          return true;
        },
      };
      const before = intake.ledger.counters();
      if (body.isWhole) intake.take(source, source.match(topic), publish);
      else intake.refuse(source, 'payload_too_large', publish);
      const { receipt } = intake;
      const after = intake.ledger.counters();
      const rejected = rejectedTotal(after) - rejectedTotal(before);
      const observations = after.in_flight - before.in_flight;
      const ignored = (after.ignored ?? 0) > (before.ignored ?? 0);
      if (observations === 0 && rejected > 0) {
        const reason = REJECTION_REASONS.find((one) => after.rejected[one] !== before.rejected[one])!;
        throw rejectedProblem(reason);
      }
      const refusedLabs = await within(storeTimeoutMs, intake.whenSettled(receipt)).catch(
        (error: unknown) => {
          throw error instanceof DeadlineExceeded ? notCommitted() : error;
        },
      );
      const refused = labs.filter((lab) => refusedLabs.has(lab)).length;
      if (refused > 0 && refused === observations) throw rejectedProblem('too_many_labs');
      return c.json({ observations: observations - refused, rejected: rejected + refused, ignored });
    },
  );
}

function rejectedProblem(reason: RejectionReason): ProblemError {
  const status = STATUS_OF_REASON[reason] ?? 422;
  return new ProblemError({ type: '/problems/rejected', status, detail: REJECTION_ADVICE[reason], reason });
}

/** The status of each rejection that is not 422. */
const STATUS_OF_REASON: Readonly<Partial<Record<string, number>>> = {
  payload_too_large: 413,
  not_authorized: 403,
  not_utf8: 400,
  not_json: 400,
  malformed: 400,
};

function busy(): ProblemError {
  const detail = 'the publish was not taken: too many observations await their commit; send it again later';
  return new ProblemError({ type: '/problems/busy', status: 503, detail, retryAfterS: 1 });
}

function notCommitted(): ProblemError {
  const detail =
    'the observations may still be counted; sending them again is safe only if each has a timestamp';
  return new ProblemError({ type: '/problems/not-committed', status: 503, detail, retryAfterS: 5 });
}
