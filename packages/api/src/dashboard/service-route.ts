import { primaryResolution, type Resolution } from '@humtemp/bucket-core';
import { Type } from '@sinclair/typebox';
import type { RouteOptions } from '../api-options.js';
import { type Route, route } from '../http/route.js';
import { durationText } from '../query/parameters.js';

const Kept = Type.Object({
  resolution: Type.String({ description: 'a bucket duration, as the query parameter resolution takes it' }),
  duration_s: Type.Integer({ minimum: 1 }),
  kept_s: Type.Integer({ minimum: 1, description: 'how far back from now there are buckets' }),
});

/** What a page has to know of this service before it can ask for anything. */
export const Service = Type.Object({
  resolutions: Type.Array(Kept, { description: 'the finest first' }),
  primary: Type.String({ description: 'the resolution whose bucket is the current one of a lab' }),
  expected_interval_s: Type.Number({ description: 'seconds between two observations of a lab that works' }),
  mqtt: Type.Object({
    listeners: Type.Array(Type.Object({ kind: Type.String(), port: Type.Integer() }), {
      description: 'where the embedded broker listens; empty where there is none',
    }),
    topics: Type.Array(Type.String(), { description: 'topic filters of observations' }),
  }),
  access: Type.Object({
    needs_token: Type.Boolean(),
    name: Type.Union([Type.String(), Type.Null()], { description: 'of the token of this request' }),
    may_write: Type.Boolean(),
  }),
});

/** `GET /service`. */
export function serviceRoute(options: RouteOptions): Route {
  const { grid, expectedIntervalS, tokens, mqttListeners, mqttTopics } = options;
  const kept = (resolution: Resolution) => ({
    resolution: durationText(resolution),
    duration_s: resolution.durationS,
    kept_s: resolution.durationS * resolution.retention,
  });
  return route(
    {
      method: 'get',
      path: '/service',
      id: 'getService',
      tag: 'operations',
      summary: 'What this service keeps, where sensors reach it, and who is asking',
      answers: { 'application/json': Service },
    },
    (c) => {
      const { name, mayWrite } = c.get('scope');
      return c.json({
        resolutions: [...grid.resolutions].sort((a, b) => a.durationS - b.durationS).map(kept),
        primary: durationText(primaryResolution(grid)),
        expected_interval_s: expectedIntervalS,
        mqtt: { listeners: mqttListeners(), topics: mqttTopics },
        access: { needs_token: tokens !== undefined, name: name ?? null, may_write: mayWrite },
      });
    },
  );
}
