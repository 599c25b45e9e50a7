import { spawnSync } from 'node:child_process';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { arch, platform, release, totalmem } from 'node:os';
import { healthUrl } from '../../config/own-addresses.js';
import type { Role } from '../../config/role.js';
import { textOf } from '../../config/text-of.js';
import type { Variable } from '../../config/variable.js';
import { VARIABLES } from '../../config/variables.js';
import { version } from '../../version.js';
import { examine } from '../doctor/doctor.js';
import { askProcess } from '../inspect/process-report.js';
import { readStore } from '../inspect/store-report.js';
import { secretsOf, withoutSecrets } from './secrets.js';

export interface BundleOptions {
  readonly role: Role;
  /** Where the process answers; undefined: where this configuration says. */
  readonly url: string | undefined;
  readonly token: string | undefined;
  /** A file with the log; undefined: the journal of the unit humtemp, if there is one. */
  readonly logFile: string | undefined;
  readonly nowMs: number;
}

const ANSWER_MS_MAX = 5000;
const DOCTOR_LISTEN_MS = 3000;
const LOG_BYTES_MAX = 512 * 1024;
const LOG_LINES_MAX = 1000;

/** All that helps to understand an installation from afar. What cannot be had says why. No secret is in it. */
export async function supportBundle(env: NodeJS.ProcessEnv, options: BundleOptions): Promise<object> {
  const { role, token, nowMs, logFile } = options;
  const read = async <T>(get: () => T | Promise<T>): Promise<T | { missing: string }> => {
    try {
      return await get();
    } catch (error) {
      return { missing: (error as Error).message };
    }
  };
  const url = options.url ?? healthUrl(env);
  const bundle = {
    made: new Date(nowMs).toISOString(),
    versions: { humtemp: version(), node: process.version, system: `${platform()} ${release()} ${arch()}` },
    machine: { memoryBytes: totalmem() },
    role,
    configuration: configurationOf(env),
    doctor: await read(() => examine(env, { role, listenMs: DOCTOR_LISTEN_MS })),
    process: await read(() => askProcess(url, { token, msMax: ANSWER_MS_MAX }, nowMs)),
    metrics: await read(() => metricsOf(url, token)),
    // Names of labs are nobody's business here.
    store: await read(async () => {
      const report = await readStore(env, { lab: undefined, limit: 0 }, nowMs);
      return { ...report, rejections: report.rejections.map(({ atMs, reason }) => ({ atMs, reason })) };
    }),
    log: await read(() => (logFile === undefined ? journal() : endOf(logFile))),
  };
  return withoutSecrets(bundle, secretsOf(env));
}

/** What is set, as messages may show it, and where it comes from. */
function configurationOf(env: NodeJS.ProcessEnv): object[] {
  const known: Variable<unknown>[] = Object.values(VARIABLES);
  const set = known.flatMap((variable): object[] => {
    const { name, isSecret } = variable;
    const from = isSecret && env[`${name}_FILE`] !== undefined ? `${name}_FILE` : name;
    if (env[from] === undefined) return [];
    try {
      return [{ name, value: variable.shown(textOf(variable, env) ?? ''), from }];
    } catch (error) {
      return [{ name, problem: `expected ${(error as Error).message}`, from }];
    }
  });
  const names = new Set(known.flatMap(({ name, isSecret }) => (isSecret ? [name, `${name}_FILE`] : [name])));
  // The value of a variable that is misspelt may be a password.
  const unknown = Object.keys(env).filter((name) => name.startsWith('HUMTEMP_') && !names.has(name));
  return [...set, ...unknown.map((name) => ({ name, problem: 'there is no such variable' }))];
}

async function metricsOf(base: string, token: string | undefined): Promise<string[]> {
  const response = await fetch(new URL('/metrics', base), {
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
  if (!response.ok) throw new Error(`${base}/metrics answered ${response.status}`);
  return (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function journal(): string[] {
  const arguments_ = ['--unit', 'humtemp', '--lines', `${LOG_LINES_MAX}`, '--output', 'cat', '--no-pager'];
  const { error, status, stdout } = spawnSync('journalctl', arguments_, { encoding: 'utf8' });
  if (error !== undefined || status !== 0 || stdout.trim() === '')
    throw new Error('there is no journal of a unit humtemp: --log FILE names the log');
  return lastLines(stdout);
}

/** The end of a log. */
function endOf(file: string): string[] {
  const fd = openSync(file, 'r');
  try {
    const { size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.min(size, LOG_BYTES_MAX));
    const read = readSync(fd, bytes, 0, bytes.length, size - bytes.length);
    return lastLines(bytes.subarray(0, read).toString());
  } finally {
    closeSync(fd);
  }
}

function lastLines(text: string): string[] {
  return text.trimEnd().split('\n').slice(-LOG_LINES_MAX);
}
