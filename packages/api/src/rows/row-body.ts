import { setImmediate as nextTurn } from 'node:timers/promises';
import { within } from '../http/deadline.js';
import { StoreUnavailable } from '../http/store-read.js';
import type { RowFormat } from './row-format.js';

export interface RowBodyOptions<Row> {
  readonly format: RowFormat<Row>;
  /** How long a page of the store may take; how long the client takes for it does not matter. */
  readonly timeoutMs: number;
  /** Called once, when the last row was taken, the store failed, or nobody wants more. */
  readonly onEnd: () => void;
  /**
   * The store failed after the first page. Cuts the connection, so that nobody takes what was sent for the whole, and
   * returns whether there was one; the stream is cancelled then.
   */
  readonly cut: (error: unknown) => boolean;
}

const NEVER = new Promise<never>(() => {});
const encoder = new TextEncoder();

/**
 * Pages of rows as the body of an answer. One page alone is made of it as a whole, which costs least. Else it is a stream
 * of formatted rows: a page is read when the client has taken the one before, so memory holds one, at the beginning
 * two. Resolves once the first is there.
 * @throws StoreUnavailable when the first page fails, or does not come in time.
 */
export async function rowBody<Row>(
  pages: AsyncIterable<readonly Row[]>,
  options: RowBodyOptions<Row>,
): Promise<Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>> {
  const chunks = rowChunks(pages, options);
  const first = await chunks.next();
  if (first.done) return first.value;
  const second = chunks.next();
  // Whether that was all is known at once, and another page takes its time.
  const atOnce = await Promise.race([second.catch(() => undefined), nextTurn()]);
  if (atOnce?.done) return joined(first.value, atOnce.value);
  return rowStream([Promise.resolve(first), second], chunks, options);
}

/** @param begun chunks that are there or asked for. */
function rowStream(
  begun: Promise<IteratorResult<Uint8Array, Uint8Array>>[],
  chunks: AsyncGenerator<Uint8Array, Uint8Array>,
  { cut }: { readonly cut: (error: unknown) => boolean },
): ReadableStream<Uint8Array> {
  let isWanted = true;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await (begun.shift() ?? chunks.next());
          if (!isWanted) return;
          controller.enqueue(value);
          if (done) controller.close();
        } catch (error) {
          if (!isWanted) return;
          if (!cut(error)) throw error;
          await NEVER;
        }
      },
      async cancel() {
        isWanted = false;
        await chunks.return(NOTHING);
      },
    },
    { highWaterMark: 0 },
  );
}

/** A chunk for each page, and one with what stands behind the last. */
async function* rowChunks<Row>(
  pages: AsyncIterable<readonly Row[]>,
  { format, timeoutMs, onEnd }: RowBodyOptions<Row>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
  const iterator = pages[Symbol.asyncIterator]();
  let text = format.begin;
  let between = '';
  try {
    for (;;) {
      const page = await within(timeoutMs, iterator.next());
      if (page.done) break;
      for (const row of page.value) {
        text += between + format.row(row);
        between = format.between;
      }
      yield encoder.encode(text);
      text = '';
    }
    return encoder.encode(text + format.end);
  } catch (cause) {
    throw new StoreUnavailable('a read of the store failed', { cause });
  } finally {
    onEnd();
    // It may hang; nobody waits.
    iterator.return?.().catch(() => {});
  }
}

const NOTHING = new Uint8Array();

function joined(one: Uint8Array<ArrayBuffer>, other: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (other.length === 0) return one;
  const all = new Uint8Array(one.length + other.length);
  all.set(one);
  all.set(other, one.length);
  return all;
}
