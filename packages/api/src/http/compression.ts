import { promisify } from 'node:util';
import { constants, deflate, gzip } from 'node:zlib';
import type { MiddlewareHandler } from 'hono';
import { parseAccept } from 'hono/utils/accept';
import { COMPRESSIBLE_CONTENT_TYPE_REGEX } from 'hono/utils/compress';

/** Shorter bodies are sent as they are. */
const BYTES_MIN = 1024;

const ENCODERS = { gzip: promisify(gzip), deflate: promisify(deflate) } as const;
export type Encoding = keyof typeof ENCODERS;

/** The encoding that a client prefers, by its Accept-Encoding; undefined: none that there is. */
export function acceptedEncoding(acceptEncoding: string | undefined): Encoding | undefined {
  if (acceptEncoding === undefined) return undefined;
  const accepted = parseAccept(acceptEncoding);
  const quality = (name: string) =>
    (accepted.find(({ type }) => type.toLowerCase() === name) ?? accepted.find(({ type }) => type === '*'))
      ?.q ?? 0;
  const [gzip, deflate] = [quality('gzip'), quality('deflate')];
  if (gzip === 0 && deflate === 0) return undefined;
  return gzip >= deflate ? 'gzip' : 'deflate';
}

/** A body compressed as a whole, off the main thread. */
export function encoded(body: Uint8Array, encoding: Encoding): Promise<Buffer> {
  return ENCODERS[encoding](body, { level: constants.Z_DEFAULT_COMPRESSION });
}

/**
 * gzip or deflate for clients that take it, for answers of bounded length. An answer is compressed while it has its
 * place among those that are made: what waits for a client is compressed already. Hono's own compresses while it
 * sends, with a stream that in Node 20 takes in all it gets, however slow its reader is.
 */
export const compressed: MiddlewareHandler = async (c, next) => {
  await next();
  const { res } = c;
  const { headers } = res;
  if (c.req.method === 'HEAD' || res.body === null || headers.has('content-encoding')) return;
  if (!COMPRESSIBLE_CONTENT_TYPE_REGEX.test(headers.get('content-type') ?? '')) return;
  varyByEncoding(headers);
  const encoding = acceptedEncoding(c.req.header('accept-encoding'));
  if (encoding === undefined) return;
  const body = new Uint8Array(await res.arrayBuffer());
  const isLong = body.length >= BYTES_MIN;
  const sent = isLong ? new Uint8Array(await encoded(body, encoding)) : body;
  if (isLong) markEncoded(headers, encoding);
  // Else Hono copies the headers one by one.
  c.res = undefined;
  c.res = new Response(sent, { status: res.status, headers });
};

/** Says that a body is compressed. RFC 9110 §8.8.1: it is not byte for byte what its ETag stands for. */
export function markEncoded(headers: Headers, encoding: Encoding): void {
  headers.delete('content-length');
  headers.set('content-encoding', encoding);
  const etag = headers.get('etag');
  if (etag !== null && !etag.startsWith('W/')) headers.set('etag', `W/${etag}`);
}

/** RFC 9110 §12.5.5. */
export function varyByEncoding(headers: Headers): void {
  const vary = headers.get('vary');
  if (vary === null) headers.set('vary', 'Accept-Encoding');
  else if (!/(^|,)\s*(accept-encoding|\*)\s*(,|$)/i.test(vary))
    headers.set('vary', `${vary}, Accept-Encoding`);
}
