import { STATUS_CODES } from 'node:http';
import { type Static, Type } from '@sinclair/typebox';
import { Reason } from '../routes/reason-schema.js';

/** An error as HTTP tells it: RFC 9457, with the members `reason` and `reasons` of our own. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'a URI reference that names the kind of problem' }),
    title: Type.String({ description: 'what the type means, always in the same words' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'what happened this time, and what to do about it' }),
    instance: Type.Optional(Type.String({ description: 'the path that was asked for' })),
    reason: Type.Optional(Reason),
    reasons: Type.Optional(Type.Array(Type.String(), { description: 'why this process is not ready' })),
  },
  { $id: 'Problem' },
);

export type Problem = Static<typeof Problem>;

/** The kinds of problems that say more than their status does, and their titles. */
const TITLE_OF_TYPE = {
  '/problems/rejected': 'The observation was rejected',
  '/problems/busy': 'Too many observations await their commit',
  '/problems/not-committed': 'The store did not commit the observation in time',
  '/problems/store-unavailable': 'The store does not answer',
  '/problems/not-ready': 'This process is not ready',
  '/problems/overloaded': 'More is asked for than this process can answer',
  '/problems/too-many-requests': 'Too many answers of this kind are under way',
} as const;

export type ProblemType = keyof typeof TITLE_OF_TYPE;

/** What a route says of a problem; the rest follows from it. */
export interface ProblemDetails extends Pick<Problem, 'status' | 'detail' | 'reason' | 'reasons'> {
  /** Left out where the status says it all. */
  readonly type?: ProblemType;
  /** Seconds after which to ask again. */
  readonly retryAfterS?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Ends a request with a problem. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(readonly problem: ProblemDetails) {
    super(problem.detail);
  }
}

/** The answer that a problem is. `instance` is the path that was asked for, as the client wrote it. */
export function problemResponse(details: ProblemDetails, instance?: string): Response {
  const { retryAfterS, headers } = details;
  return new Response(problemText(details, instance), {
    status: details.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
      ...headers,
    },
  });
}

/** The body of the answer that a problem is. */
export function problemText(details: ProblemDetails, instance?: string): string {
  const { type, status, detail, reason, reasons } = details;
  const problem: Problem = {
    // RFC 9457 §4.2.1: about:blank says no more than the status, and has its phrase for a title.
    type: type ?? 'about:blank',
    title: type === undefined ? (STATUS_CODES[status] ?? 'Unknown') : TITLE_OF_TYPE[type],
    status,
    detail,
    ...(instance === undefined ? {} : { instance }),
    ...(reason === undefined ? {} : { reason }),
    ...(reasons === undefined ? {} : { reasons }),
  };
  return JSON.stringify(problem);
}
