import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { labPartition } from '@humtemp/bucket-core';
import { Redis } from 'ioredis';
import { startComposeRedis } from '../peers/compose-services.js';
import { findProgram } from '../processes/find-program.js';
import { startHumtemp } from '../processes/humtemp-process.js';
import type { ProcessGroup } from '../processes/process-group.js';
import { type Answer, answerOf } from './answer.js';
import type { Fill } from './fill.js';
import type { HashesApi } from './hashes.js';
import { labName, ROLLUPS, todayStartS } from './labs.js';
import type { MemoryServer } from './memory-server.js';
import { BUCKETS, type Question, SUMMARY } from './questions.js';

export const EMBEDDED = 'humtemp start, embedded store';
export const REDIS = 'humtemp api, Redis';
export const HASHES = 'SCAN, HGETALL one by one';
export const HASHES_PIPELINED = 'SCAN, HGETALL pipelined';
export const FROM_MEMORY = 'node:http, the same bytes';
export const MGET = 'MGET of the same strings';

/** Something that answers. */
export interface Subject {
  readonly name: string;
  /** Of the process that answers. */
  readonly pid: number;
  /** Names of the questions that it has an answer to; undefined: all. */
  readonly questions: readonly string[] | undefined;
  ask(question: Question): Promise<Answer>;
}

/** Fills all stores, and starts everything that answers from them but what needs the answers of others. */
export async function startSubjects(
  processes: ProcessGroup,
  labs: number,
  nowMs: number,
  profileFolder: string | undefined,
): Promise<readonly Subject[]> {
  const fill = async (what: Fill['what'], place: string) => {
    const child = processes.startChild('reads-fill', { what, place, labs, nowMs } satisfies Fill);
    await child.hear('filled');
    child.process.disconnect();
  };
  const humtemp = async (name: string, role: 'start' | 'api', env: Record<string, string>) => {
    const options = { role, profileFolder };
    const { process, apiPort } = await startHumtemp(processes, { ...env, HUMTEMP_ROLLUPS: ROLLUPS }, options);
    return {
      name,
      pid: process.pid,
      questions: undefined,
      ask: ({ path }: Question) => answerOf(apiPort, path),
    };
  };

  const folder = await processes.folder();
  await fill('embedded', folder);
  const embedded = await humtemp(EMBEDDED, 'start', { HUMTEMP_DATA_DIR: folder });
  if (findProgram('redis-server') === undefined) return [embedded];

  const { url } = await startComposeRedis(processes);
  await fill('redis', url);
  const { url: hashesUrl } = await startComposeRedis(processes);
  await fill('hashes', hashesUrl);
  const hashes = async (name: string, pipelined: boolean) => {
    const args: HashesApi = { redisUrl: hashesUrl, pipelined, startS: todayStartS(nowMs) };
    const child = processes.startChild('reads-hashes', args);
    const port = await child.hear<number>('port');
    return {
      name,
      pid: child.pid,
      questions: [SUMMARY],
      ask: ({ path }: Question) => answerOf(port, path),
    };
  };
  return [
    embedded,
    await humtemp(REDIS, 'api', { HUMTEMP_REDIS_URL: url }),
    await hashes(HASHES, false),
    await hashes(HASHES_PIPELINED, true),
    mgetFloor(url, labs),
  ];
}

const MGET_KEYS = 500;

/** The least that reading the strings with a bucket of all labs from Redis costs: the bench reads them, and does nothing. */
function mgetFloor(url: string, labs: number): Subject {
  const keys = Array.from(
    { length: labs },
    (_, i) => `humtemp:{${labPartition(labName(i))}}:lab:${labName(i)}`,
  );
  return {
    name: MGET,
    pid: process.pid,
    questions: [BUCKETS],
    async ask() {
      const redis = new Redis(url);
      await redis.ping();
      const startedMs = performance.now();
      let firstMs: number | undefined;
      const values: Buffer[] = [];
      for (let i = 0; i < keys.length; i += MGET_KEYS) {
        const some = await redis.mgetBuffer(keys.slice(i, i + MGET_KEYS));
        firstMs ??= performance.now() - startedMs;
        for (const value of some) if (value !== null) values.push(value);
      }
      const wholeMs = performance.now() - startedMs;
      redis.disconnect();
      if (values.length !== labs) throw new Error(`MGET found ${values.length} of ${labs} strings`);
      return { firstMs: firstMs ?? wholeMs, wholeMs, body: Buffer.concat(values) };
    },
  };
}

/** Sends these answers again, from memory. */
export async function startMemoryServer(
  processes: ProcessGroup,
  answers: ReadonlyMap<Question, { readonly body: Buffer }>,
): Promise<Subject> {
  const folder = await processes.folder();
  const files: Record<string, string> = {};
  for (const [{ path }, { body }] of answers) {
    const file = join(folder, `${Object.keys(files).length}`);
    await writeFile(file, body);
    files[path] = file;
  }
  const child = processes.startChild('reads-memory', { files } satisfies MemoryServer);
  const port = await child.hear<number>('port');
  return {
    name: FROM_MEMORY,
    pid: child.pid,
    questions: [...answers.keys()].map(({ name }) => name),
    ask: ({ path }) => answerOf(port, path),
  };
}
