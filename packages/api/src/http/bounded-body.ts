import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import { ProblemError } from './problem.js';

export interface BoundedBody {
  readonly bytes: Buffer;
  /** False when the body is longer than the limit; `bytes` is then its beginning, one byte longer than the limit. */
  readonly isWhole: boolean;
}

/**
 * A request's body, up to a limit that does not depend on what the client announced. Unlike Hono's bodyLimit it keeps
 * the beginning of a body that is too long, so that its rejection can be counted and shown like any other.
 * @throws ProblemError with status 400 when the client goes away before the end.
 */
export async function readBoundedBody(c: Context, bytesMax: number): Promise<BoundedBody> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of bodyOf(c)) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > bytesMax) break;
    }
  } catch {
    throw new ProblemError({ status: 400, detail: 'the body ended before it was complete' });
  }
  const isWhole = length <= bytesMax;
  return { bytes: Buffer.concat(chunks, isWhole ? length : bytesMax + 1), isWhole };
}

/** Straight from node where there is one: a web stream for each request costs as much as all else of it. */
function bodyOf(c: Context): AsyncIterable<Uint8Array> | Iterable<Uint8Array> {
  const { incoming } = (c.env ?? {}) as Partial<HttpBindings>;
  // What is left of a body that is too long stays for the server to drop, so that the answer gets through.
  return incoming?.iterator({ destroyOnReturn: false }) ?? c.req.raw.body ?? [];
}
