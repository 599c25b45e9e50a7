import { isLoopback } from '../../config/problem.js';
import { error, type Finding, ok, warning } from './finding.js';

const TIMEOUT_MS = 5000;

/** Whether a running API can be used at this address, which may be that of a proxy in front of it. */
export async function checkApi(base: string): Promise<Finding[]> {
  const { host, hostname } = new URL(base);
  let ready: Response;
  try {
    ready = await ask(base, '/readyz');
  } catch (problem) {
    return [noAnswer(base, problem as Error)];
  }
  const state = await stateOf(ready);
  if (state === undefined)
    return [error('API', `${base}: something else than humtemp answers, with ${ready.status}`, '--url URL')];
  const findings: Finding[] =
    state === 'ready'
      ? [ok('API', `${base} answers, and is ready`)]
      : [
          error(
            'API',
            `${base} is not ready: ${state}`,
            'humtemp doctor with the environment of that process',
          ),
        ];
  const labs = await ask(base, '/labs?limit=1');
  await labs.body?.cancel();
  if (labs.status === 421)
    findings.push(error('API', `it refuses the name ${host}`, `HUMTEMP_PUBLIC_HOSTS=${hostname}`));
  else if (labs.status === 401) findings.push(ok('API', 'it wants a token'));
  else if (labs.ok) findings.push(openFinding(hostname), ...(await streamFindings(base)));
  return findings;
}

function ask(base: string, path: string): Promise<Response> {
  return fetch(new URL(path, base), { redirect: 'manual', signal: AbortSignal.timeout(TIMEOUT_MS) });
}

/** `ready`, or why it is not; undefined if it is no humtemp. */
async function stateOf(response: Response): Promise<string | undefined> {
  try {
    const { status, detail } = (await response.json()) as { status?: unknown; detail?: string };
    return status === 'ready' ? 'ready' : detail;
  } catch {
    return undefined;
  }
}

function noAnswer(base: string, problem: Error): Finding {
  const { code = '', message } = (problem.cause ?? problem) as NodeJS.ErrnoException;
  if (/CERT|SIGNATURE|ISSUER/.test(code))
    return error('API', `${base}: ${message}`, 'NODE_EXTRA_CA_CERTS=FILE of its authority');
  return error(
    'API',
    `${base}: ${problem.name === 'TimeoutError' ? `no answer within ${TIMEOUT_MS / 1000} s` : message || code}`,
    'HUMTEMP_API_HOST and HUMTEMP_API_PORT, and what a firewall or proxy lets through',
  );
}

function openFinding(hostname: string): Finding {
  if (isLoopback(hostname.replace(/^\[|\]$/g, '')))
    return ok('API', 'it can be read without a token from here');
  return warning('API', 'whoever reaches it can read it without a token', 'HUMTEMP_API_TOKENS_FILE=FILE');
}

/** A proxy that collects an answer before it passes it on makes a live stream silent. */
async function streamFindings(base: string): Promise<Finding[]> {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const stream = await fetch(new URL('/stream', base), { signal: stop.signal });
    if (!stream.ok) return [];
    const first = await stream.body!.getReader().read();
    return first.done ? [] : [ok('API', 'live streams come through')];
  } catch {
    return [
      warning(
        'API',
        'live streams do not come through',
        'the proxy must not buffer: proxy_buffering off in nginx',
      ),
    ];
  } finally {
    clearTimeout(timer);
    stop.abort();
  }
}
