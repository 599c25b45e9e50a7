import { parseDurationS } from '@humtemp/bucket-core';
import { healthUrl } from '../../config/own-addresses.js';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';

export const HEALTH_HELP = `humtemp health: asks a running process whether it can do its work

It asks HUMTEMP_HEALTH_PORT, or the API if that is not set. For containers and probes: exit code 0 if it can, 1 if not.

  --live             only whether the process is alive; one that waits for Redis is (default: whether it is ready)
  --url URL          the address to ask (default: that of this configuration)
  --timeout TIME     how long an answer may take: seconds, or 90s, 5m (default 5s)

  humtemp health --live
`;

/** What a probe found. */
export interface HealthAnswer {
  readonly isHealthy: boolean;
  /** One line. */
  readonly text: string;
}

/** Runs `humtemp health`. @throws StartError with a message for the person who started it. */
export async function healthCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(HEALTH_HELP);
    return;
  }
  const { values, positionals } = commandArguments('health', argv, {
    live: { type: 'boolean' },
    url: { type: 'string' },
    timeout: { type: 'string' },
  });
  if (positionals[0] !== undefined) throw new StartError(`health takes options only, not ${positionals[0]}`);
  const base = values.url ?? healthUrl(env);
  if (!/^https?:\/\//.test(base) || !URL.canParse(base))
    throw new StartError(`--url ${base}: expected http:// or https:// with a host`);
  const { isHealthy, text } = await health(base, values.live === true, timeoutMs(values.timeout));
  process.stdout.write(`${text}\n`);
  if (!isHealthy) process.exitCode = 1;
}

/** Asks `/livez` or `/readyz` below this address. */
export async function health(base: string, live: boolean, msMax: number): Promise<HealthAnswer> {
  const url = new URL(live ? '/livez' : '/readyz', base);
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(msMax) });
    const body = await response.text();
    if (response.ok) return { isHealthy: true, text: live ? 'alive' : 'ready' };
    return { isHealthy: false, text: `${live ? 'not alive' : 'not ready'}: ${detailOf(body)}` };
  } catch (error) {
    const { name, message, cause } = error as Error;
    const reason = name === 'TimeoutError' ? `no answer within ${msMax} ms` : (causeOf(cause) ?? message);
    return { isHealthy: false, text: `${url.href}: ${reason}` };
  }
}

/** An answer of the API is a problem document (RFC 9457). */
function detailOf(body: string): string {
  try {
    const { detail, title } = JSON.parse(body) as { detail?: string; title?: string };
    return detail ?? title ?? body;
  } catch {
    return body;
  }
}

function causeOf(cause: unknown): string | undefined {
  const { code, message } = (cause ?? {}) as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' ? 'nothing listens there' : (message ?? code);
}

function timeoutMs(text: string | undefined): number {
  if (text === undefined) return 5000;
  try {
    return parseDurationS(text) * 1000;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(`--timeout ${text}: expected ${error.message}`, { cause: error });
  }
}
