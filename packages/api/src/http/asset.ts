import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { COMPRESSIBLE_CONTENT_TYPE_REGEX } from 'hono/utils/compress';
import { acceptedEncoding, encoded, markEncoded, varyByEncoding } from './compression.js';

/**
 * Content that is the same for everybody as long as this process runs. It is loaded, hashed and compressed once, when it
 * is asked for the first time, and all answers share its bytes.
 */
export class Asset {
  readonly #load: () => string | Uint8Array;
  #bytes: Uint8Array<ArrayBuffer> | undefined;
  #etag: string | undefined;
  #gzipped: Promise<Uint8Array<ArrayBuffer>> | undefined;

  constructor(
    readonly type: string,
    load: () => string | Uint8Array,
  ) {
    this.#load = load;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes === undefined) {
      const content = this.#load();
      this.#bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
    }
    return this.#bytes;
  }

  /** A strong ETag of the content. */
  get etag(): string {
    this.#etag ??= `"${createHash('sha1').update(this.bytes).digest('hex')}"`;
    return this.#etag;
  }

  gzipped(): Promise<Uint8Array<ArrayBuffer>> {
    this.#gzipped ??= encoded(this.bytes, 'gzip').then((bytes) => new Uint8Array(bytes));
    return this.#gzipped;
  }
}

/** The answer that an asset is: whole, compressed, or 304 for a client that has it (RFC 9110 §13.1.2). */
export async function assetResponse(
  c: Context,
  asset: Asset,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const answer = new Headers({ ...headers, etag: asset.etag });
  const isCompressible = COMPRESSIBLE_CONTENT_TYPE_REGEX.test(asset.type);
  if (isCompressible) varyByEncoding(answer);
  if (matches(c.req.header('if-none-match'), asset.etag))
    return new Response(null, { status: 304, headers: answer });
  answer.set('content-type', asset.type);
  const isGzip = isCompressible && acceptedEncoding(c.req.header('accept-encoding')) === 'gzip';
  if (isGzip) markEncoded(answer, 'gzip');
  return new Response(isGzip ? await asset.gzipped() : asset.bytes, { headers: answer });
}

function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.trim() === '*' || (ifNoneMatch.match(/"[^"]*"/g)?.includes(etag) ?? false);
}
