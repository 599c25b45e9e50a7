/** What Node takes for a timer; of what is longer it makes 1 ms. */
const TIMER_MS_MAX = 2 ** 31 - 1;

/** Resolves after a time, which is cut to 24 days, or as soon as the signal aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, TIMER_MS_MAX));
    signal?.addEventListener('abort', done);
  });
}
