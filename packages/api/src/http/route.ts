import type { TObject, TSchema } from '@sinclair/typebox';
import type { Handler, Hono, MiddlewareHandler } from 'hono';
import { strictParameters } from './strict-parameters.js';

/** What a route takes and answers, for the machine that validates and the one that documents. */
export interface RouteSpec {
  readonly method: 'get' | 'post';
  /** As OpenAPI writes it: `/labs/{lab_id}`. */
  readonly path: string;
  /** The path as Hono matches it, where that differs. */
  readonly pattern?: string;
  /** Unique among all routes; clients name their functions after it. */
  readonly id: string;
  /** Groups the routes of the description. */
  readonly tag?: string;
  readonly summary: string;
  readonly description?: string;
  /** Path parameters by name. */
  readonly parameters?: Readonly<Record<string, TSchema>>;
  readonly query?: TObject;
  /** Whether it passes over query parameters that it does not have: probes and browsers add some. */
  readonly takesAnyQuery?: boolean;
  /** Request headers that it reads, besides those of HTTP itself. */
  readonly headers?: TObject;
  readonly body?: TSchema;
  /** The answer 200, by media type; of a stream of rows or events the schema of one of them. */
  readonly answers: Readonly<Record<string, TSchema>>;
  /** Where it leads for good: then 308 is its answer, and `answers` is empty. */
  readonly leadsTo?: string;
  /** Statuses of its problems, besides 400 and 401, which any route may have. */
  readonly problems?: readonly number[];
  /** Whether it has an ETag and answers 304. */
  readonly revalidates?: boolean;
}

/** A route as it is registered and documented. */
export interface Route {
  readonly spec: RouteSpec;
  /** The last one answers; those before it may. */
  readonly handlers: readonly (Handler | MiddlewareHandler)[];
}

export function route(spec: RouteSpec, ...handlers: Route['handlers']): Route {
  return { spec, handlers };
}

export function registerRoute(app: Hono, { spec, handlers }: Route): void {
  const { method, path, pattern = path, query, takesAnyQuery } = spec;
  const strict = takesAnyQuery === true ? [] : [strictParameters(Object.keys(query?.properties ?? {}))];
  app.on(method.toUpperCase(), [pattern], ...strict, ...(handlers as Handler[]));
}
