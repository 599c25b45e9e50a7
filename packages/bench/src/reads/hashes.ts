import { createServer } from 'node:http';
import { averageOfThousandths } from '@humtemp/bucket-core';
import { Redis } from 'ioredis';
import { listenAndSay } from '../processes/told.js';

export interface HashesApi {
  readonly redisUrl: string;
  /** Whether the hashes of a page of SCAN are asked for together, and not one after the other. */
  readonly pipelined: boolean;
  /** Of the bucket that it answers with, Unix seconds. */
  readonly startS: number;
}

interface LabSummary {
  readonly lab_id: string;
  readonly avg_temp: number | null;
  readonly avg_humidity: number | null;
}

/** Keys that the server looks at for one page of SCAN: what it has by itself, and what somebody chose who has looked at it. */
const SCAN_COUNT = { plain: 10, pipelined: 1000 };

/** A lab's bucket: a hash with count, and the sums of temp and humidity. */
export function hashKey(lab: string, startS: number): string {
  return `bucket:${lab}:${startS}`;
}

/**
 * `GET /summary` by another design: a hash for each lab and bucket and nothing that lists them, so that the key space is
 * scanned for the bucket, and each hash is read by itself. Says its "port".
 */
export async function runHashesApi({ redisUrl, pipelined, startS }: HashesApi): Promise<void> {
  const redis = new Redis(redisUrl);
  const server = createServer((_, response) => {
    void summaries(redis, startS, pipelined).then((rows) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(rows));
    });
  });
  await listenAndSay(server);
}

async function summaries(redis: Redis, startS: number, pipelined: boolean): Promise<LabSummary[]> {
  // A key may be found twice.
  const found = new Map<string, LabSummary>();
  for (let cursor: string | undefined = '0'; cursor !== undefined; ) {
    const [next, keys]: [string, string[]] = await redis.scan(
      cursor,
      'MATCH',
      `bucket:*:${startS}`,
      'COUNT',
      pipelined ? SCAN_COUNT.pipelined : SCAN_COUNT.plain,
    );
    cursor = next === '0' ? undefined : next;
    if (pipelined) {
      const hashes = await Promise.all(keys.map((key) => redis.hgetall(key)));
      for (const [i, key] of keys.entries()) found.set(key, summary(key, hashes[i]!));
    } else for (const key of keys) found.set(key, summary(key, await redis.hgetall(key)));
  }
  return [...found.values()].sort((a, b) => (a.lab_id < b.lab_id ? -1 : 1));
}

function summary(key: string, { count, temp, humidity }: Record<string, string>): LabSummary {
  return {
    lab_id: key.split(':')[1]!,
    avg_temp: averageOfThousandths(Number(temp), Number(count)),
    avg_humidity: averageOfThousandths(Number(humidity), Number(count)),
  };
}
