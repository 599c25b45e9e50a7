import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import type { Route } from './route.js';

/** Answers to requests of one route with one status. */
export interface RequestCount {
  /** The path as the OpenAPI document has it; `other` for what is none of its routes. */
  readonly route: string;
  readonly status: number;
  count: number;
}

/** Counts answers since the start, by route and status: as many kinds as there are, however many paths are asked for. */
export class RequestCounts {
  readonly #counts = new Map<string, RequestCount>();
  /** The documented path of each pattern that Hono matches. */
  readonly #paths = new Map<string, string>();

  get all(): Iterable<RequestCount> {
    return this.#counts.values();
  }

  /** Makes the routes known by which it counts. */
  knowRoutes(routes: readonly Route[]): void {
    for (const { spec } of routes) this.#paths.set(spec.pattern ?? spec.path, spec.path);
  }

  middleware(): MiddlewareHandler {
    return async (c, next) => {
      await next();
      this.#add(this.#paths.get(routePath(c)) ?? 'other', c.res.status);
    };
  }

  #add(route: string, status: number): void {
    const key = `${status} ${route}`;
    const known = this.#counts.get(key);
    if (known === undefined) this.#counts.set(key, { route, status, count: 1 });
    else known.count += 1;
  }
}
