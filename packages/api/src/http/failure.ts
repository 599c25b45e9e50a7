import { describeMissing, PartitionsMissing } from '@humtemp/bucket-core';
import type { ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { Logger } from 'pino';
import { type ProblemDetails, ProblemError, problemResponse } from './problem.js';
import { StoreUnavailable } from './store-read.js';

/** Turns what a route throws into the problem that the client gets, and the rest into the log. */
export function failureHandler(log: Logger): ErrorHandler {
  return (error, c) =>
    problemResponse(problemOf(error, c.req.method, c.req.path, log), new URL(c.req.url).pathname);
}

function problemOf(error: Error, method: string, path: string, log: Logger): ProblemDetails {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof StoreUnavailable) {
    log.warn({ err: error.cause, method, path }, 'the store does not answer');
    const { cause } = error;
    const detail =
      cause instanceof PartitionsMissing
        ? `${describeMissing(cause.partitions)}; try again later, or ask for single labs`
        : 'the store failed or did not answer in time; try again later';
    return { type: '/problems/store-unavailable', status: 503, detail, retryAfterS: 5 };
  }
  if (error instanceof HTTPException) return { status: error.status, detail: error.message };
  log.error({ err: error, method, path }, 'a request failed');
  return { status: 500, detail: 'an error of humtemp itself; its log says more' };
}
