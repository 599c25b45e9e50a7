import { topologyOf } from '@humtemp/bucket-core';
import { type Durability, factsOf, findingsOf, hearEveryError } from '@humtemp/bucket-core/redis';
import { Redis } from 'ioredis';
import { error, type Finding, ok } from './finding.js';

const TIMEOUT_MS = 5000;

/**
 * Whether each of these Redis servers keeps what is written to it, is one that humtemp can use, and can say what the
 * durability asks for: what a process finds at its start and in readyz, too.
 */
export async function checkRedis(
  url: string,
  durability: Durability,
  nowMs: () => number = Date.now,
): Promise<Finding[]> {
  const topology = topologyOf(url);
  const isCluster = topology.kind === 'cluster';
  const servers = topology.kind === 'cluster' ? topology.seeds : topology.servers;
  const findings = servers.map((server) =>
    checkServer(server.url, { isCluster, durability, isOne: servers.length === 1 }, nowMs),
  );
  return (await Promise.all(findings)).flat();
}

interface Wanted {
  readonly isCluster: boolean;
  readonly durability: Durability;
  /** Of several, each finding says which it is about. */
  readonly isOne: boolean;
}

async function checkServer(url: string, wanted: Wanted, nowMs: () => number): Promise<Finding[]> {
  const place = new URL(url).host;
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  hearEveryError(redis);
  let reason: string | undefined;
  redis.on('error', ({ message }: Error) => {
    reason ??= message;
  });
  try {
    await redis.connect();
    const facts = await factsOf(redis, wanted.isCluster, nowMs);
    const found = findingsOf(facts, wanted);
    const isClockGood = facts.aheadMs !== undefined && !found.some(({ kind }) => kind === 'clock');
    const who = wanted.isOne ? '' : `${place}: `;
    return [
      ok('Redis', `${place} answers, version ${facts.info?.redis_version ?? 'unknown: it may not be asked'}`),
      ...found.map(
        ({ kind, level, what, change }): Finding => ({
          level,
          area: kind === 'clock' ? 'clock' : 'Redis',
          what: who + what,
          change,
        }),
      ),
      ...(wanted.durability === 'replica' && Number(facts.info?.connected_slaves ?? 0) > 0
        ? [ok('Redis', `${who}it has a replica, as HUMTEMP_DURABILITY=replica needs`)]
        : []),
      ...(isClockGood ? [ok('clock', 'it agrees with that of Redis')] : []),
    ];
  } catch (problem) {
    const why = reason ?? (problem as Error).message;
    return [error('Redis', `${place}: ${why}`, advice(why))];
  } finally {
    redis.disconnect();
  }
}

function advice(why: string): string {
  if (/WRONGPASS|NOAUTH/.test(why)) return 'HUMTEMP_REDIS_URL=redis://USER:PASSWORD@HOST:PORT';
  if (/DB index/.test(why)) return 'HUMTEMP_REDIS_URL=redis://HOST:PORT/0, or databases in redis.conf';
  if (/NOPERM/.test(why)) return 'ACL SETUSER with the commands of docs/stores.md';
  return 'HUMTEMP_REDIS_URL=redis://HOST:PORT, and start Redis there';
}
