import type { Attack, Target } from './attack.js';
import { type AttackSockets, attackSockets } from './sockets.js';

/** What an operating system reads from a connection at once. */
const BURST_BYTES = 65_536;
const AGAIN_MS = 200;
const BODY_BYTES = 60_000;

function request(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`;
}

/** As many requests as there is room for in one read. */
function burst(path: string, headers = ''): string {
  const one = request(path, headers);
  return one.repeat(Math.floor(BURST_BYTES / one.length));
}

function httpAttack(
  name: string,
  what: string,
  sockets: (target: Target) => Omit<AttackSockets, 'port'>,
): Attack {
  return {
    name,
    what,
    begin: (target) => attackSockets({ port: target.apiPort, ...sockets(target) }),
  };
}

const GZIP = 'Accept-Encoding: gzip\r\n';

/** Against the HTTP API, without a token. */
export const HTTP_ATTACKS: readonly Attack[] = [
  httpAttack('http-burst', 'one connection pipelines pages of labs, and reads', () => ({
    connections: 1,
    read: true,
    everyMs: AGAIN_MS,
    bytes: () => burst('/labs?limit=1000'),
  })),
  httpAttack('http-unread', '8 connections pipeline pages of labs, and read nothing', () => ({
    connections: 8,
    read: false,
    everyMs: AGAIN_MS,
    bytes: () => burst('/labs?limit=1000'),
  })),
  httpAttack(
    'http-many-unread',
    '900 connections from 100 addresses ask for pages of labs, and read nothing',
    () => ({
      connections: 900,
      addresses: 100,
      read: false,
      bytes: () => request('/labs?limit=1000').repeat(8),
    }),
  ),
  httpAttack(
    'http-many',
    '300 connections ask for pages of labs, summaries and rejections, and read',
    () => ({
      connections: 300,
      read: true,
      everyMs: AGAIN_MS,
      bytes: (index) =>
        request(['/labs?limit=1000', '/summary?offset=0', '/rejections?limit=1000'][index % 3]!, GZIP).repeat(
          8,
        ),
    }),
  ),
  httpAttack(
    'http-rows',
    '200 connections ask for rows of all labs as CSV and NDJSON, and read nothing',
    () => ({
      connections: 200,
      read: false,
      bytes: (index) =>
        burst(`/buckets?offset=0&format=${index % 2 === 0 ? 'csv' : 'ndjson'}`, index % 4 < 2 ? GZIP : ''),
    }),
  ),
  httpAttack('http-docs', '200 connections ask for the documentation, and read nothing', () => ({
    connections: 200,
    read: false,
    bytes: (index) =>
      burst(
        ['/docs/swagger-ui-bundle.js', '/openapi.json', '/metrics', '/metrics/labs'][index % 4]!,
        index % 8 < 4 ? GZIP : '',
      ),
  })),
  httpAttack('http-ranges', '50 connections ask for the longest ranges, and read', () => ({
    connections: 50,
    read: true,
    everyMs: AGAIN_MS,
    bytes: (index) =>
      burst(
        [
          `/labs/lab-${index}/buckets?resolution=5m&from=0`,
          '/summaries?resolution=5m&from=0',
          `/labs/lab-${index}/summary?resolution=5m&from=0`,
        ][index % 3]!,
        GZIP,
      ),
  })),
  httpAttack(
    'http-streams',
    '900 live streams of different labs from 100 addresses read nothing',
    ({ labs }) => ({
      connections: 900,
      addresses: 100,
      read: false,
      bytes: (index) => {
        const named = Array.from({ length: 300 }, (_, i) => `lab-${(index * 7 + i) % labs}`);
        return request(`/stream?labs=${named.join()},unknown-${index}`);
      },
    }),
  ),
  httpAttack('http-bodies', '900 connections send most of an observation, and never its end', () => ({
    connections: 900,
    read: false,
    bytes: () =>
      `POST /observation HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 65000\r\n\r\n${' '.repeat(BODY_BYTES)}`,
  })),
];
