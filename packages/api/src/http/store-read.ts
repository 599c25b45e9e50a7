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
