import { setImmediate as nextTurn } from 'node:timers/promises';
import { within } from './deadline.js';

/** A read of the store failed, or took too long. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';
}

/**
 * What a read of the store gives. The signal is aborted once nobody waits for it any more.
 * @throws StoreUnavailable, with the cause, when the store fails or does not answer in time.
 */
export async function readStore<T>(timeoutMs: number, read: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const nobodyWaits = new AbortController();
  try {
    return await within(timeoutMs, read(nobodyWaits.signal));
  } catch (cause) {
    throw new StoreUnavailable('a read of the store failed', { cause });
  } finally {
    nobodyWaits.abort();
  }
}

/** Everything that an iterable gives in pages, or what came before the signal. */
export async function allPages<T>(pages: AsyncIterable<readonly T[]>, signal: AbortSignal): Promise<T[]> {
  const all: T[] = [];
  for await (const page of pages) {
    if (signal.aborted) break;
    all.push(...page);
    // The embedded store answers at once; others want a turn too.
    await nextTurn();
  }
  return all;
}
