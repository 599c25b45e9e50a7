import { createWriteStream } from 'node:fs';
import { rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type BucketGrid, parseDurationS, type StoredBucket } from '@humtemp/bucket-core';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';
import type { ExportHeader } from './export-format.js';
import { exportLines, storedBuckets } from './export-lines.js';
import { importBuckets, importPlan, importText, isComplete } from './import-buckets.js';
import { importLines } from './import-lines.js';
import { openEarlier } from './open-earlier.js';
import { openStore } from './open-store.js';

export const EXPORT_HELP = `humtemp export [FILE]: all buckets of a store, as lines of JSON

The store is the one that the environment names, as for humtemp start: a folder (HUMTEMP_DATA_DIR) that no process uses, or a
Redis, which may be in use. Without FILE they go to standard output. The last line has counts and a checksum, so that
humtemp import notices a file that was cut. Observations one by one are not in it: stores keep none.

  humtemp export labs.ndjson
  --earlier  what the version before 0.1.0 left in a Redis, under keys without prefix or with HUMTEMP_REDIS_PREFIX, in the
             resolutions that are configured. Stop its workers first

  HUMTEMP_REDIS_URL=redis://redis.lan humtemp export | gzip > labs.ndjson.gz
`;

/** What is exported. */
export interface ExportSource {
  readonly grid: BucketGrid;
  /** Lab by lab. */
  readonly buckets: (nowMs: number) => AsyncIterable<readonly StoredBucket[]>;
  readonly close: () => Promise<void>;
}

export const IMPORT_HELP = `humtemp import FILE: puts the buckets of an export into a store

The store is the one that the environment names, as for humtemp start: a folder that no process uses, which is made if it is
missing, or a Redis. The whole file is checked before anything is changed. A bucket comes where the store has none; one that
is there stays as it is, so an import may be repeated. Import first, and let sensors publish to the store then.

  --resolutions LIST  only buckets of these durations, such as 1h,1d
  --merge             makes buckets that only the store has, such as 15m or 1d, of shorter ones of the file; those that only the file has are
                      left out then
  --check             only checks the file

Exit code: 0 if the store has all of the file that it keeps; 1 if some buckets differ or were left out.

  HUMTEMP_REDIS_URL=redis://redis.lan humtemp import labs.ndjson
`;

/** Runs `humtemp export`. @throws StartError with a message for the person who started it. */
export async function exportCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(EXPORT_HELP);
    return;
  }
  const { values, positionals } = commandArguments('export', argv, { earlier: { type: 'boolean' } });
  const [file, second] = positionals;
  if (second !== undefined) throw new StartError('one file: humtemp export --help says more');
  if (file !== undefined && (await exists(file)))
    throw new StartError(`${file} is there already: choose another name, or remove it`);
  const source = values.earlier === true ? await openEarlier(env, sayOnStderr) : await openSource(env);
  try {
    const nowMs = Date.now();
    const lines = Readable.from(exportLines(source.buckets(nowMs), source.grid, nowMs));
    if (file === undefined) await pipeline(lines, process.stdout, { end: false });
    else await toFile(lines, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
    process.exitCode = 1;
  } finally {
    await source.close();
  }
}

async function openSource(env: NodeJS.ProcessEnv): Promise<ExportSource> {
  const { store, grid } = await openStore(env, false);
  return { grid, buckets: (nowMs) => storedBuckets(store, grid, nowMs), close: () => store.close() };
}

function sayOnStderr(line: string): void {
  process.stderr.write(`humtemp: ${line}\n`);
}

/** Runs `humtemp import`. @throws StartError with a message for the person who started it. */
export async function importCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(IMPORT_HELP);
    return;
  }
  const { text, isAll } = await imported(argv, env);
  process.stdout.write(text);
  if (!isAll) process.exitCode = 1;
}

/** Imports a file. @returns what to say of it, and whether the store has all of it. @throws StartError */
export async function imported(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ readonly text: string; readonly isAll: boolean }> {
  const { values, positionals } = commandArguments('import', argv, {
    resolutions: { type: 'string' },
    merge: { type: 'boolean' },
    check: { type: 'boolean' },
  });
  const [file, second] = positionals;
  if (file === undefined || second !== undefined)
    throw new StartError('expected one file that humtemp export wrote; humtemp import --help says more');
  const wanted = values.resolutions === undefined ? undefined : durationsOf(values.resolutions);
  const header = await checkedHeader(file);
  if (values.check === true) return { text: `${file} is whole\n`, isAll: true };
  const { store, grid } = await openStore(env, true);
  try {
    const plan = importPlan(header, grid, wanted, values.merge === true);
    const buckets = importLines(file, () => {});
    const result = await importBuckets(buckets, store, grid.alignmentS, plan, Date.now);
    return { text: importText(result), isAll: isComplete(result) };
  } finally {
    await store.close();
  }
}

/** Reads the file to its end: nothing of a bad one is imported. @throws StartError */
async function checkedHeader(file: string): Promise<ExportHeader> {
  const stats = await stat(file).catch(() => undefined);
  if (stats !== undefined && !stats.isFile())
    throw new StartError(`${file} is not a file: it is read twice, so put what is in it into a file first`);
  let header: ExportHeader | undefined;
  for await (const _ of importLines(file, (found) => {
    header = found;
  }));
  return header!;
}

async function toFile(lines: Readable, file: string): Promise<void> {
  const part = `${file}.part`;
  try {
    await pipeline(lines, createWriteStream(part, { flush: true }));
    await rename(part, file);
  } catch (error) {
    await rm(part, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new StartError(`cannot write ${file}: ${message}`, { cause: error });
  }
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}

function durationsOf(text: string): number[] {
  try {
    return text.split(',').map(parseDurationS);
  } catch (error) {
    throw new StartError(`--resolutions ${text}: expected a list such as 1h,1d`, { cause: error });
  }
}
