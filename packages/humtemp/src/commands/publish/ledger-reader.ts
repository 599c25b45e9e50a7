import { type LedgerDifference, type LedgerProcess, ledgerDifference } from './ledger-difference.js';
import { sleep } from './sleep.js';

const ANSWER_MS_MAX = 2000;
const POLL_MS = 250;
/** Processes report about once a second, so counters that stood still for longer are final. */
const STILL_MS = 1300;

/** An API, and what it asks for, if it does. */
export interface LedgerApi {
  readonly url: string;
  readonly token: string | undefined;
}

/**
 * The counters of every process, from GET /ledger of the API.
 * @throws Error whose message says why there are none.
 */
export async function readLedger({ url: api, token }: LedgerApi): Promise<LedgerProcess[]> {
  const url = new URL('ledger', api.endsWith('/') ? api : `${api}/`);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    body = await response.json().catch(() => undefined);
  } catch (error) {
    throw new Error(`${api} does not answer (${fetchReason(error)})`, { cause: error });
  }
  if (response.status === 401)
    throw new Error(
      token === undefined
        ? `${url} asks for a token; --token-file FILE gives it`
        : `${url} does not know the token, or it has expired`,
    );
  if (!response.ok) throw new Error(`${url} answers ${response.status}`);
  const processes = (body as { processes?: unknown } | undefined)?.processes;
  if (!Array.isArray(processes) || !processes.every(isLedgerProcess)) throw new Error(`${url} is no ledger`);
  return processes;
}

export interface LedgerExpectation {
  /** Observations that must have arrived. */
  readonly received: number;
  /**
   * Whether no more than these can come: none was sent twice. Then there is nothing to wait for after them.
   */
  readonly exact: boolean;
  readonly waitMsMax: number;
}

/**
 * Reads the ledger until what was sent has arrived, nothing is in flight and the counters stand still, or
 * until the wait is over; then what has become of it since `before`.
 * @throws Error of the last reading, if that failed.
 */
export async function settledLedger(
  read: () => Promise<LedgerProcess[]>,
  before: readonly LedgerProcess[],
  expected: LedgerExpectation,
): Promise<LedgerDifference> {
  const deadlineMs = performance.now() + expected.waitMsMax;
  let seen = '';
  let seenMs = 0;
  for (;;) {
    const reading = await read().catch((error: Error) => error);
    const nowMs = performance.now();
    if (!(reading instanceof Error)) {
      const difference = ledgerDifference(before, reading);
      const text = JSON.stringify(difference);
      if (text !== seen) {
        seen = text;
        seenMs = nowMs;
      }
      const arrived = difference.received >= expected.received && difference.inFlight <= 0;
      const final = expected.exact && difference.received === expected.received;
      if ((arrived && (final || nowMs - seenMs >= STILL_MS)) || nowMs >= deadlineMs) return difference;
    } else if (nowMs >= deadlineMs) throw reading;
    await sleep(POLL_MS);
  }
}

function isLedgerProcess(value: unknown): value is LedgerProcess {
  const { process, received, committed, duplicate, rejected, in_flight } = (value ?? {}) as Record<
    string,
    unknown
  >;
  return (
    typeof process === 'string' &&
    [received, committed, duplicate, in_flight].every(Number.isFinite) &&
    typeof rejected === 'object' &&
    rejected !== null
  );
}

/** fetch itself only says "fetch failed"; the reason is its cause. */
function fetchReason(error: unknown): string {
  const { name, message, cause } = error as Error & { cause?: NodeJS.ErrnoException };
  if (name === 'TimeoutError') return `for ${ANSWER_MS_MAX / 1000} s`;
  return cause?.code ?? cause?.message ?? message;
}
