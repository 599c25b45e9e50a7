import { useEffect, useRef, useState } from 'preact/hooks';
import { link } from '../live/live-labs.js';

export interface Loaded<T> {
  /** What was read last; kept while it is read again, also under another key. */
  readonly value: T | undefined;
  /** Why the newest could not be read; undefined when it could. */
  readonly failure: string | undefined;
  /** Whether `value` is of another key, and the one asked for is under way. */
  readonly isOld: boolean;
  again(): void;
}

/**
 * Reads something whenever its key changes, and again every `everyMs`, if given, and when the service has come back.
 * Undefined for a key: there is nothing to read yet.
 */
export function useLoaded<T>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
  everyMs?: number,
): Loaded<T> {
  const [state, setState] = useState<{ key?: string; value?: T; failure?: string }>({});
  const [turn, setTurn] = useState(0);
  const current = useRef(load);
  current.current = load;
  const isDown = link.value.state === 'lost' || link.value.state === 'store_down';
  useEffect(() => {
    if (key === undefined) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      try {
        const value = await current.current(abort.signal);
        if (!abort.signal.aborted) setState({ key, value });
      } catch (error) {
        if (!abort.signal.aborted) setState((last) => ({ ...last, failure: (error as Error).message }));
      }
      if (everyMs !== undefined && !abort.signal.aborted) timer = setTimeout(read, everyMs);
    };
    void read();
    return () => {
      abort.abort();
      clearTimeout(timer);
    };
  }, [key, turn, isDown, everyMs]);
  return {
    value: state.value,
    failure: state.failure,
    isOld: key !== undefined && state.key !== key,
    again: () => setTurn((n) => n + 1),
  };
}
