import { within } from '../http/deadline.js';
import { StoreUnavailable } from '../http/store-read.js';
import type { RowFormat } from './row-format.js';

export interface RowStreamOptions<Row> {
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
 * Pages of rows as a stream of formatted rows. A page is read when the client has taken the one before, so memory
 * holds one. Resolves once the first is there.
 * @throws StoreUnavailable when the first page fails, or does not come in time.
 */
export async function rowStream<Row>(
  pages: AsyncIterable<readonly Row[]>,
  options: RowStreamOptions<Row>,
): Promise<ReadableStream<Uint8Array>> {
  const chunks = rowChunks(pages, options);
  let next: Promise<IteratorResult<Uint8Array>> | undefined = chunks.next();
  await next;
  let isWanted = true;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const result = await (next ?? chunks.next());
          next = undefined;
          if (!isWanted) return;
          if (result.done) controller.close();
          else controller.enqueue(result.value);
        } catch (error) {
          if (!isWanted) return;
          if (!options.cut(error)) throw error;
          await NEVER;
        }
      },
      async cancel() {
        isWanted = false;
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* rowChunks<Row>(
  pages: AsyncIterable<readonly Row[]>,
  { format, timeoutMs, onEnd }: RowStreamOptions<Row>,
): AsyncGenerator<Uint8Array, undefined> {
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
    yield encoder.encode(text + format.end);
    return undefined;
  } catch (cause) {
    throw new StoreUnavailable('a read of the store failed', { cause });
  } finally {
    onEnd();
    // It may hang; nobody waits.
    iterator.return?.().catch(() => {});
  }
}
