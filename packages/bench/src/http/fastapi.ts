import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@humtemp/test-services';
import { Redis } from 'ioredis';
import { startComposeRedis } from '../peers/compose-services.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';

const FOLDER = fileURLToPath(new URL('../../src/http', import.meta.url));
/** Debian's packages are for Debian's Python, which need not be the first on PATH. */
const PYTHONS = ['python3', '/usr/bin/python3'];
/** Those behind the first three make uvicorn and the Redis client faster, which take them where they find them. */
const MODULES = ['fastapi', 'uvicorn', 'redis', 'uvloop', 'httptools', 'hiredis'];
const VERSIONS = `
import fastapi, uvicorn, redis.asyncio
from importlib.metadata import version, PackageNotFoundError
for name in "${MODULES.join(' ')}".split():
    try: print(name, version(name))
    except PackageNotFoundError: print("without", name)
`;

const PACKAGES =
  'python3-fastapi python3-uvicorn python3-redis python3-uvloop python3-httptools python3-hiredis';

export interface Python {
  readonly program: string;
  /** What it runs the reference with, and without. */
  readonly versions: string;
}

/** A Python that can run the reference in fastapi_reference.py; undefined: there is none. */
export async function pythonWithFastApi(): Promise<Python | undefined> {
  for (const program of PYTHONS) {
    const output = await promisify(execFile)(program, ['-c', VERSIONS]).catch(() => undefined);
    if (output !== undefined) return { program, versions: output.stdout.trim().replaceAll('\n', ', ') };
  }
  return undefined;
}

/** What to install for it, in place of a program that there is not. */
export function missingFastApi(python: Python | undefined): string[] {
  return python === undefined ? [PACKAGES] : [];
}

/** Starts one uvicorn process with the reference, and does not wait for it. */
export function spawnFastApi(
  processes: ProcessGroup,
  { program }: Python,
  name: string,
  port: number,
  redisUrl: string,
): RunningProcess {
  const server = ['-m', 'uvicorn', '--port', `${port}`, '--no-access-log', '--log-level', 'warning'];
  return processes.spawn(name, program, [...server, '--app-dir', FOLDER, 'fastapi_reference:app'], {
    REDIS_URL: redisUrl,
    PYTHONDONTWRITEBYTECODE: '1',
  });
}

/** The reference with this many uvicorn processes, each with a port of its own, and their Redis. */
export async function startFastApi(processes: ProcessGroup, python: Python, workers: number) {
  const redis = await startComposeRedis(processes);
  const ports: number[] = [];
  for (let worker = 0; worker < workers; worker++) ports.push(await freePort());
  const uvicorns = ports.map((port, i) => {
    const name = workers === 1 ? 'uvicorn' : `uvicorn ${i + 1}`;
    return spawnFastApi(processes, python, name, port, redis.url);
  });
  return { ports, uvicorns, redis: redis.process, counted: () => countedIn(redis.url) };
}

/** Observations in all buckets of the reference. */
async function countedIn(redisUrl: string): Promise<number> {
  const redis = new Redis(redisUrl);
  try {
    const buckets = await redis.keys('bucket:*');
    const counts = await Promise.all(buckets.map((bucket) => redis.hget(bucket, 'count')));
    return counts.reduce((sum, count) => sum + Number(count), 0);
  } finally {
    redis.disconnect();
  }
}
