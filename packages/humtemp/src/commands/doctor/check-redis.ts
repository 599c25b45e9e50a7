import { topologyOf } from '@humtemp/bucket-core';
import type { Durability } from '@humtemp/bucket-core/redis';
import { Redis } from 'ioredis';
import { clockFinding } from './check-clock.js';
import { error, type Finding, ok, warning } from './finding.js';

const TIMEOUT_MS = 5000;
const LATENCY_MS_GOOD = 20;
/** One answer may be late because this machine has other work. */
const PINGS = 5;

/**
 * Whether each of these Redis servers keeps what is written to it, is one that humtemp can use, and can say what the
 * durability asks for.
 */
export async function checkRedis(
  url: string,
  durability: Durability,
  nowMs: () => number = Date.now,
): Promise<Finding[]> {
  const topology = topologyOf(url);
  const isCluster = topology.kind === 'cluster';
  const servers = topology.kind === 'cluster' ? topology.seeds : topology.servers;
  const findings = servers.map((server) => checkServer(server.url, isCluster, durability, nowMs));
  return (await Promise.all(findings)).flat();
}

async function checkServer(
  url: string,
  isCluster: boolean,
  durability: Durability,
  nowMs: () => number,
): Promise<Finding[]> {
  const place = new URL(url).host;
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  let reason: string | undefined;
  redis.on('error', ({ message }: Error) => {
    reason ??= message;
  });
  try {
    await redis.connect();
    const latencyMs = await shortestAnswerMs(redis);
    const info = fieldsOf(await redis.info());
    return [
      ok('Redis', `${place} answers, version ${info.redis_version}`),
      ...versionFindings(info, isCluster),
      ...settingFindings(info, isCluster),
      ...durabilityFindings(info, durability),
      ...(latencyMs > LATENCY_MS_GOOD
        ? [
            warning(
              'Redis',
              `${place} takes ${Math.round(latencyMs)} ms to answer`,
              'a Redis nearer to humtemp',
            ),
          ]
        : []),
      clockFinding('Redis', Number((await redis.time())[0]) * 1000, nowMs()),
    ];
  } catch (problem) {
    const why = reason ?? (problem as Error).message;
    return [error('Redis', `${place}: ${why}`, advice(why))];
  } finally {
    redis.disconnect();
  }
}

async function shortestAnswerMs(redis: Redis): Promise<number> {
  let shortestMs = Number.POSITIVE_INFINITY;
  for (let i = 0; i < PINGS; i++) {
    const started = performance.now();
    await redis.ping();
    shortestMs = Math.min(shortestMs, performance.now() - started);
  }
  return shortestMs;
}

function advice(why: string): string {
  if (/WRONGPASS|NOAUTH/.test(why)) return 'HUMTEMP_REDIS_URL=redis://USER:PASSWORD@HOST:PORT';
  if (/DB index/.test(why)) return 'HUMTEMP_REDIS_URL=redis://HOST:PORT/0, or databases in redis.conf';
  if (/NOPERM/.test(why)) return 'ACL SETUSER with the commands of docs/stores.md';
  return 'HUMTEMP_REDIS_URL=redis://HOST:PORT, and start Redis there';
}

function versionFindings(
  { redis_version: version = '0', redis_mode: mode }: Fields,
  isCluster: boolean,
): Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const findings: Finding[] = [];
  if (major < 6 || (major === 6 && minor < 2))
    findings.push(error('Redis', `version ${version} is too old`, 'Redis 6.2 or later, or Valkey'));
  if (mode === 'cluster' && !isCluster)
    findings.push(
      error(
        'Redis',
        'it is a node of a Redis Cluster',
        'HUMTEMP_REDIS_URL=redis+cluster://HOST:PORT,HOST:PORT',
      ),
    );
  if (mode !== 'cluster' && mode !== undefined && isCluster)
    findings.push(error('Redis', 'it is no node of a Redis Cluster', 'HUMTEMP_REDIS_URL=redis://HOST:PORT'));
  return findings;
}

function settingFindings(info: Fields, isCluster: boolean): Finding[] {
  const findings: Finding[] = [];
  if (info.maxmemory_policy !== 'noeviction')
    findings.push(
      error(
        'Redis',
        `maxmemory-policy is ${info.maxmemory_policy}: a full Redis drops buckets, and nobody notices`,
        'maxmemory-policy noeviction in redis.conf',
      ),
    );
  if (info.aof_enabled === '0')
    findings.push(
      warning(
        'Redis',
        'there is no append-only file: its end loses what was acknowledged since the last snapshot',
        'appendonly yes in redis.conf',
      ),
    );
  if (info.rdb_last_bgsave_status === 'err' || info.aof_last_write_status === 'err')
    findings.push(error('Redis', 'it could not write to its disk', 'make room on the disk of Redis'));
  if (info.role === 'slave' && !isCluster)
    findings.push(
      error('Redis', 'it is a replica, which takes no writes', 'HUMTEMP_REDIS_URL of the primary'),
    );
  return findings;
}

/** What was asked for against what the server is; a replica has its replicas elsewhere. */
function durabilityFindings(info: Fields, durability: Durability): Finding[] {
  if (info.role === 'slave') return [];
  const replicas = Number(info.connected_slaves ?? 0);
  if (durability === 'replica')
    return replicas > 0
      ? [ok('Redis', `it has ${replicas} replicas, as HUMTEMP_DURABILITY=replica needs`)]
      : [
          error(
            'Redis',
            'it has no replica: with HUMTEMP_DURABILITY=replica nothing is acknowledged',
            'replicaof HOST PORT in redis.conf of another Redis, or HUMTEMP_DURABILITY=memory',
          ),
        ];
  if (durability !== 'fsync') return [];
  const [major = 0, minor = 0] = (info.redis_version ?? '0').split('.').map(Number);
  if (major < 7 || (major === 7 && minor < 2))
    return [
      error(
        'Redis',
        `version ${info.redis_version} cannot say what is on its disk, as HUMTEMP_DURABILITY=fsync needs`,
        'Redis 7.2 or later, or HUMTEMP_DURABILITY=memory with appendfsync always in redis.conf',
      ),
    ];
  return info.aof_enabled === '0'
    ? [error('Redis', 'HUMTEMP_DURABILITY=fsync needs its append-only file', 'appendonly yes in redis.conf')]
    : [];
}

type Fields = Readonly<Record<string, string | undefined>>;

/** The answer to INFO: a line `name:value` for each field. */
function fieldsOf(info: string): Fields {
  return Object.fromEntries(
    info.split('\r\n').flatMap((line) => {
      const at = line.indexOf(':');
      return at === -1 ? [] : [[line.slice(0, at), line.slice(at + 1)]];
    }),
  );
}
