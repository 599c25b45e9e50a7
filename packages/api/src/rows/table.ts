import type { HttpBindings } from '@hono/node-server';
import { Type } from '@sinclair/typebox';
import type { Context } from 'hono';
import type { Logger } from 'pino';
import type { BusyLimit } from '../http/busy-limit.js';
import { cacheControl } from '../http/caching.js';
import { clientOf } from '../http/client.js';
import { acceptsGzip, gzippedStream, gzippedWhole } from '../http/gzip.js';
import { acceptedType } from '../http/negotiation.js';
import { ProblemError } from '../http/problem.js';
import { CSV_TYPE } from './csv-answer.js';
import { rowBody } from './row-body.js';
import { type CsvColumn, csvFormat, jsonFormat, ndjsonFormat, type RowFormat } from './row-format.js';

const TYPES = ['application/json', 'application/x-ndjson', 'text/csv'] as const;
type MediaType = (typeof TYPES)[number];

const TYPE_OF_FORMAT = { json: TYPES[0], ndjson: TYPES[1], csv: TYPES[2] } as const;
const CONTENT_TYPE: Readonly<Record<MediaType, string>> = {
  'application/json': 'application/json',
  'application/x-ndjson': 'application/x-ndjson',
  'text/csv': CSV_TYPE,
};

/** Shorter answers are sent as they are. */
const COMPRESSED_BYTES_MIN = 1024;

/** The query parameter `format` of every route that answers with a table. */
export const FormatParameter = {
  format: Type.Optional(
    Type.Union([Type.Literal('json'), Type.Literal('ndjson'), Type.Literal('csv')], {
      description: 'json, ndjson or csv; it goes before the header Accept',
    }),
  ),
};

/** Rows to answer with, in the form that the client takes. */
export interface Table<Row, Line = Row> {
  /** Of JSON: the members beside the rows. */
  readonly head: object;
  /** Of JSON: the member that holds the rows. */
  readonly member: string;
  readonly columns: readonly CsvColumn<Line>[];
  /** Of CSV: the lines of a row, where it has several. */
  readonly linesOf?: (row: Row) => readonly Line[];
  readonly pages: AsyncIterable<readonly Row[]>;
  /** Whether nothing but what comes late changes it. */
  readonly isFinished: boolean;
}

export interface TableOptions {
  readonly limit: BusyLimit;
  readonly timeoutMs: number;
  readonly log: Logger;
}

/**
 * The answer that a table is: sent as it is read and as fast as the client reads it. A store that fails before the first
 * page is a problem; one that fails later breaks the connection, so that nobody takes a part for all.
 * @throws ProblemError with status 406 where the client takes none of what there is, 429 beyond the limit.
 */
export async function tableResponse<Row, Line = Row>(
  c: Context,
  format: keyof typeof TYPE_OF_FORMAT | undefined,
  table: () => Table<Row, Line>,
  { limit, timeoutMs, log }: TableOptions,
): Promise<Response> {
  const type = mediaType(c, format);
  const wanted = table();
  const body = await rowBody(wanted.pages, {
    format: formatOf(type, wanted),
    timeoutMs,
    onEnd: limit.enter(clientOf(c)),
    cut: (error) => {
      log.warn({ err: error }, 'the store failed in the middle of an answer, which is cut');
      const { outgoing } = (c.env ?? {}) as Partial<HttpBindings>;
      outgoing?.destroy();
      return outgoing !== undefined;
    },
  });
  cacheControl(c, wanted.isFinished);
  c.header('content-type', CONTENT_TYPE[type]);
  c.header('vary', 'Accept, Accept-Encoding', { append: true });
  const isWhole = body instanceof Uint8Array;
  const isCompressed =
    acceptsGzip(c.req.header('accept-encoding')) && !(isWhole && body.length < COMPRESSED_BYTES_MIN);
  if (isCompressed) c.header('content-encoding', 'gzip');
  if (isWhole) return c.body(isCompressed ? await gzippedWhole(body) : body);
  if (c.req.method !== 'HEAD') return c.body(isCompressed ? gzippedStream(body) : body);
  await body.cancel();
  return c.body(null);
}

function mediaType(c: Context, format: keyof typeof TYPE_OF_FORMAT | undefined): MediaType {
  const type = format === undefined ? acceptedType(c.req.header('accept'), TYPES) : TYPE_OF_FORMAT[format];
  if (type !== undefined) return type;
  throw new ProblemError({
    status: 406,
    detail: `there is ${TYPES.join(', ')}, and Accept takes none of them`,
  });
}

function formatOf<Row, Line>(
  type: MediaType,
  { head, member, columns, linesOf }: Table<Row, Line>,
): RowFormat<Row> {
  if (type === 'text/csv') return csvFormat(columns, linesOf);
  return type === 'application/json' ? jsonFormat(head, member) : ndjsonFormat();
}
