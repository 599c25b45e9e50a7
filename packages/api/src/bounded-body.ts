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
export async function readBoundedBody(request: Request, bytesMax: number): Promise<BoundedBody> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
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
