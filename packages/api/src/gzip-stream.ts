import { pipeline, Readable } from 'node:stream';
import { constants, createGzip } from 'node:zlib';
import { parseAccept } from 'hono/utils/accept';

const BUFFERED_BYTES_MAX = 64 * 1024;

/** Whether a client takes gzip, by its Accept-Encoding. */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const encodings = parseAccept(acceptEncoding ?? '');
  const quality = (name: string) => encodings.find(({ type }) => type.toLowerCase() === name)?.q;
  return (quality('gzip') ?? quality('*') ?? 0) > 0;
}

/**
 * A stream compressed as it is read. Not a CompressionStream, as Hono's compress has it: that of Node 20 takes in up to
 * 16,384 chunks ahead of its reader.
 */
export function gzipped(body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  // What is there goes out: a page of rows does not wait for the next one.
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  pipeline(Readable.fromWeb(body), gzip, () => {
    // The reader of gzip learns of a failure too.
  });
  const strategy = new ByteLengthQueuingStrategy({ highWaterMark: BUFFERED_BYTES_MAX });
  return Readable.toWeb(gzip, { strategy }) as ReadableStream<Uint8Array>;
}
