import type { Redis } from 'ioredis';
import type { Durability } from './durability.js';

/** What INFO or CLUSTER INFO says, by field. */
export type Fields = Readonly<Record<string, string | undefined>>;

/** What a server says of itself. What it does not let us ask is undefined, and taken to be well. */
export interface ServerFacts {
  readonly info: Fields | undefined;
  readonly cluster: Fields | undefined;
  /** The shortest of some answers. */
  readonly latencyMs: number;
  /** How far the clock of this machine is ahead of that of the server; negative: behind. */
  readonly aheadMs: number | undefined;
}

/** What we want of it. */
export interface Wanted {
  readonly isCluster: boolean;
  readonly durability: Durability;
}

/** Something about a server that is not as it should be. */
export interface ServerFinding {
  /** What it is about: one server has at most one finding of each kind. */
  readonly kind:
    | 'version'
    | 'topology'
    | 'eviction'
    | 'persistence'
    | 'disk'
    | 'role'
    | 'durability'
    | 'cluster state'
    | 'latency'
    | 'clock';
  /** error: humtemp cannot do its work so. warning: something will be lost or slow, some day. */
  readonly level: 'warning' | 'error';
  readonly what: string;
  /** The line to change. */
  readonly change: string;
  /** Whether what was acknowledged would be lost, so that nothing may be acknowledged. */
  readonly breaksPromise?: true;
}

const LATENCY_MS_GOOD = 20;
/** One answer may be late because this machine has other work. */
const PINGS = 3;
const CLOCKS_APART_S_GOOD = 5;
/** Beyond this, observations of right clocks are rejected as `future`. */
const CLOCKS_APART_S_MAX = 60;
const CHANGE_CLOCK = 'timedatectl set-ntp true, on both machines';

/** Asks a server what it is. @throws when it does not answer */
export async function factsOf(redis: Redis, isCluster: boolean, nowMs: () => number): Promise<ServerFacts> {
  const [info, cluster, time] = await Promise.all([
    unlessForbidden(redis.info()),
    isCluster ? unlessForbidden(redis.cluster('INFO')) : undefined,
    unlessForbidden(redis.time()),
  ]);
  const nowAtMs = nowMs();
  const latencyMs = await shortestAnswerMs(redis);
  return {
    info: info === undefined ? undefined : fieldsOf(info),
    cluster: cluster === undefined ? undefined : fieldsOf(String(cluster)),
    latencyMs,
    aheadMs: time === undefined ? undefined : nowAtMs - Number(time[0]) * 1000 - Number(time[1]) / 1000,
  };
}

/** Everything about a server that is not as it should be, each with the line to change. */
export function findingsOf(facts: ServerFacts, wanted: Wanted): ServerFinding[] {
  const { info, cluster } = facts;
  return [
    ...(info === undefined ? [] : settingFindings(info, wanted)),
    ...(cluster === undefined ? [] : clusterFindings(cluster)),
    ...latencyFindings(facts),
    ...clockFindings(facts),
  ];
}

/** As a line: what it is, and what to change. */
export function findingText(who: string, { what, change }: ServerFinding): string {
  return `${who}: ${what} → ${change}`;
}

function settingFindings(info: Fields, wanted: Wanted): ServerFinding[] {
  return [
    ...versionFindings(info, wanted),
    ...keepingFindings(info),
    ...(info.role === 'slave' && !wanted.isCluster
      ? [
          finding(
            'role',
            'error',
            'it is a replica, which takes no writes',
            'HUMTEMP_REDIS_URL of the primary',
          ),
        ]
      : []),
    // A replica has its replicas elsewhere.
    ...(info.role === 'slave' ? [] : durabilityFindings(info, wanted.durability)),
  ];
}

function versionFindings(info: Fields, { isCluster }: Wanted): ServerFinding[] {
  const findings: ServerFinding[] = [];
  const { redis_version: version = '0', redis_mode: mode } = info;
  if (!isAtLeast(info, 6, 2))
    findings.push(
      finding('version', 'error', `version ${version} is too old`, 'Redis 6.2 or later, or Valkey'),
    );
  if (mode === 'cluster' && !isCluster)
    findings.push(
      finding(
        'topology',
        'error',
        'it is a node of a Redis Cluster',
        'HUMTEMP_REDIS_URL=redis+cluster://HOST:PORT,HOST:PORT',
      ),
    );
  if (mode !== undefined && mode !== 'cluster' && isCluster)
    findings.push(
      finding('topology', 'error', 'it is no node of a Redis Cluster', 'HUMTEMP_REDIS_URL=redis://HOST:PORT'),
    );
  return findings;
}

/** Whether it keeps what is written to it. */
function keepingFindings(info: Fields): ServerFinding[] {
  const findings: ServerFinding[] = [];
  const { maxmemory_policy: policy, maxmemory = '0' } = info;
  if (policy !== undefined && policy !== 'noeviction')
    findings.push({
      ...finding(
        'eviction',
        'error',
        `maxmemory-policy is ${policy}: a full Redis drops buckets, and nobody notices`,
        'maxmemory-policy noeviction in redis.conf',
      ),
      // Without a limit it is never full.
      ...(Number(maxmemory) > 0 && { breaksPromise: true }),
    });
  if (info.aof_enabled === '0')
    findings.push(
      finding(
        'persistence',
        'warning',
        'there is no append-only file: its end loses what was acknowledged since the last snapshot',
        'appendonly yes in redis.conf',
      ),
    );
  if (info.rdb_last_bgsave_status === 'err' || info.aof_last_write_status === 'err')
    findings.push(
      finding('disk', 'error', 'it could not write to its disk', 'make room on the disk of Redis'),
    );
  return findings;
}

/** What was asked for against what the server is. */
function durabilityFindings(info: Fields, durability: Durability): ServerFinding[] {
  if (durability === 'replica' && Number(info.connected_slaves ?? 0) === 0)
    return [
      finding(
        'durability',
        'error',
        'it has no replica: with HUMTEMP_DURABILITY=replica nothing is acknowledged',
        'replicaof HOST PORT in redis.conf of another Redis, or HUMTEMP_DURABILITY=memory',
      ),
    ];
  if (durability !== 'fsync') return [];
  if (!isAtLeast(info, 7, 2))
    return [
      finding(
        'durability',
        'error',
        `version ${info.redis_version} cannot say what is on its disk, as HUMTEMP_DURABILITY=fsync needs`,
        'Redis 7.2 or later, or HUMTEMP_DURABILITY=memory with appendfsync always in redis.conf',
      ),
    ];
  return info.aof_enabled === '0'
    ? [
        finding(
          'durability',
          'error',
          'HUMTEMP_DURABILITY=fsync needs its append-only file',
          'appendonly yes in redis.conf',
        ),
      ]
    : [];
}

function clusterFindings(cluster: Fields): ServerFinding[] {
  const { cluster_state: state, cluster_slots_ok: served } = cluster;
  if (state !== undefined && state !== 'ok')
    return [
      finding(
        'cluster state',
        'error',
        `it says that the cluster is not well: cluster_state is ${state}, ${served} of 16384 slots are served`,
        'redis-cli --cluster check HOST:PORT says why; cluster-require-full-coverage no in redis.conf',
      ),
    ];
  if (served !== undefined && Number(served) < 16_384)
    return [
      finding(
        'cluster state',
        'error',
        `only ${served} of 16384 slots are served by a node of the cluster`,
        'redis-cli --cluster fix HOST:PORT, or start the masters that are missing',
      ),
    ];
  return [];
}

function latencyFindings({ latencyMs }: ServerFacts): ServerFinding[] {
  return latencyMs <= LATENCY_MS_GOOD
    ? []
    : [
        finding(
          'latency',
          'warning',
          `it takes ${Math.round(latencyMs)} ms to answer`,
          'a Redis nearer to humtemp',
        ),
      ];
}

function clockFindings({ aheadMs = 0 }: ServerFacts): ServerFinding[] {
  const apartS = Math.round(aheadMs / 1000);
  const size = Math.abs(apartS);
  if (size <= CLOCKS_APART_S_GOOD) return [];
  const what = `the clock of this machine is ${size} s ${apartS > 0 ? 'ahead of' : 'behind'} that of Redis`;
  return [finding('clock', size > CLOCKS_APART_S_MAX ? 'error' : 'warning', what, CHANGE_CLOCK)];
}

function finding(
  kind: ServerFinding['kind'],
  level: ServerFinding['level'],
  what: string,
  change: string,
): ServerFinding {
  return { kind, level, what, change };
}

/** Valkey says a version of Redis here, of which it is a successor. */
function isAtLeast({ redis_version: version = '0' }: Fields, major: number, minor: number): boolean {
  const [is = 0, isMinor = 0] = version.split('.').map(Number);
  return is > major || (is === major && isMinor >= minor);
}

async function shortestAnswerMs(redis: Redis): Promise<number> {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < PINGS && (shortestMs > LATENCY_MS_GOOD || i === 0); i++) {
    const startMs = performance.now();
    await redis.ping();
    shortestMs = Math.min(shortestMs, performance.now() - startMs);
  }
  return shortestMs;
}

/** The answer; undefined if an access list forbids the question. */
async function unlessForbidden<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: Error) => {
    if (error.name === 'ReplyError') return undefined;
    throw error;
  });
}

/** The answer to INFO: a line `name:value` for each field. */
function fieldsOf(info: string): Fields {
  return Object.fromEntries(
    info.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':');
      return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}
