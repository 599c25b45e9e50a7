import type { MiddlewareHandler } from 'hono';

/** The stored values that this process could not read, as far as answers need to know of them. */
export interface FaultLog {
  /** How many there were since the start. */
  readonly count: number;
  /** The labs of those behind the first `count`, as far as they are still known. */
  labsSince(count: number): readonly string[];
}

export const NO_FAULTS: FaultLog = { count: 0, labsSince: () => [] };

/** In the headers of an answer that leaves out labs: how many. `GET /faults` says more. */
export const INCOMPLETE_HEADER = 'humtemp-incomplete';

/**
 * Says of an answer that it leaves out labs, because what is stored of them cannot be read. Of what is streamed it counts
 * those that were met before its first row. An answer that was made at the same time may name them, too.
 */
export function incomplete(faults: FaultLog): MiddlewareHandler {
  return async (c, next) => {
    const before = faults.count;
    await next();
    if (faults.count === before) return;
    const { allows } = c.get('scope');
    const labs = new Set(faults.labsSince(before).filter(allows));
    if (labs.size > 0) c.header(INCOMPLETE_HEADER, String(labs.size));
  };
}
