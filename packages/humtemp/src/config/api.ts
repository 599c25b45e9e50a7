import { boolean, duration, file, host, hosts, integer, origins, port } from './kinds.js';
import { isLoopback, problem } from './problem.js';
import { optional, type ValuesOf, withDefault } from './variable.js';

/** The HTTP API. */
export const API = {
  heading: 'HTTP API',
  variables: {
    apiHost: withDefault('HUMTEMP_API_HOST', '127.0.0.1', 'address that the API listens on', host),
    apiPort: withDefault('HUMTEMP_API_PORT', '8000', 'port of the API', port),
    apiTokensFile: optional(
      'HUMTEMP_API_TOKENS_FILE',
      'tokens that may use the API, as humtemp token writes them; read again when it changes',
      file,
    ),
    labsFile: optional(
      'HUMTEMP_LABS_FILE',
      'CSV with names, groups, limits and expected intervals of labs; read again when it changes',
      file,
    ),
    listedS: withDefault(
      'HUMTEMP_LISTED_FOR',
      '31d',
      'how long a lab that the labs file does not name is listed after its last observation; by its name it can be read for longer',
      duration('36600d'),
    ),
    apiAllowAnonymous: withDefault(
      'HUMTEMP_API_ALLOW_ANONYMOUS',
      'false',
      'without tokens, the API may listen on other addresses than loopback, open to everybody',
      boolean,
    ),
    apiCorsOrigins: withDefault(
      'HUMTEMP_API_CORS_ORIGINS',
      '',
      'origins whose pages may read the API from a browser; * for all',
      origins,
    ),
    publicHosts: withDefault(
      'HUMTEMP_PUBLIC_HOSTS',
      '',
      'without tokens, names by which clients may reach humtemp besides addresses and localhost; * for any',
      hosts,
    ),
    apiStreamsMax: withDefault(
      'HUMTEMP_API_STREAMS_MAX',
      '1000',
      'live streams that are open at a time',
      integer(0, 100_000),
    ),
    apiClientPercentMax: withDefault(
      'HUMTEMP_API_CLIENT_PERCENT_MAX',
      '50',
      'share of connections, live streams and their labs that one client may have: a token, or an address',
      integer(1, 100, 'percent'),
    ),
    metricsLabsMax: withDefault(
      'HUMTEMP_METRICS_LABS_MAX',
      '1000',
      'labs that /metrics/labs shows',
      integer(0, 1_000_000),
    ),
  },
} as const;

export type ApiValues = ValuesOf<typeof API>;

/** What the variables of the API, each of them good, do not say together. */
export function apiProblems({ apiHost, apiTokensFile, apiAllowAnonymous }: Partial<ApiValues>): string[] {
  const isOpen = apiHost !== undefined && !isLoopback(apiHost);
  if (!isOpen || apiTokensFile !== undefined || apiAllowAnonymous !== false) return [];
  const expected = 'a loopback address, or HUMTEMP_API_TOKENS_FILE, or HUMTEMP_API_ALLOW_ANONYMOUS=true';
  return [problem('HUMTEMP_API_HOST', apiHost, expected)];
}
