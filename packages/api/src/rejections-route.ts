import { REJECTION_ADVICE } from '@humtemp/bucket-core';
import { type Static, Type } from '@sinclair/typebox';
import type { Handler } from 'hono';
import type { RouteOptions } from './api-options.js';
import { integerParameter } from './integer-parameter.js';
import { Reason } from './reason-schema.js';
import { Rfc3339Time, rfc3339Time } from './rfc3339-time.js';
import { readStore } from './store-read.js';

/** The newest rejections, newest first. */
export const RejectionsPage = Type.Object({
  rejections: Type.Array(
    Type.Object({
      at: Rfc3339Time,
      reason: Reason,
      advice: Type.String({ description: 'what the reason means' }),
      source: Type.String({ description: 'the MQTT topic or HTTP route' }),
      excerpt: Type.String({ description: 'the beginning of the payload' }),
    }),
  ),
});

export type RejectionsPage = Static<typeof RejectionsPage>;

const PAGE_REJECTIONS = 100;
const PAGE_REJECTIONS_MAX = 1000;

/** `GET /rejections?limit`: what was not counted, and why. */
export function rejectionsRoute({ store, storeTimeoutMs }: RouteOptions): Handler {
  return async (c) => {
    const limit = integerParameter(c, 'limit', {
      fallback: PAGE_REJECTIONS,
      min: 1,
      max: PAGE_REJECTIONS_MAX,
    });
    const rejections = await readStore(storeTimeoutMs, () => store.rejections(limit));
    const page: RejectionsPage = {
      rejections: rejections.map(({ atMs, reason, source, excerpt }) => ({
        at: rfc3339Time(atMs),
        reason,
        advice: REJECTION_ADVICE[reason],
        source,
        excerpt,
      })),
    };
    return c.json(page);
  };
}
