import { readFileSync } from 'node:fs';
import { parseDurationS } from '@humtemp/bucket-core';
import { healthUrl } from '../../config/own-addresses.js';
import { StartError } from '../../start-error.js';
import { commandArguments } from '../command-arguments.js';
import { askProcess, processText } from './process-report.js';
import { readStore } from './store-report.js';
import { storeText } from './store-text.js';

export const INSPECT_HELP = `humtemp inspect [process | store]: shows what a running process does, or what a store holds

process, the default, asks HUMTEMP_HEALTH_PORT, or the API if that is not set: connections, sessions, what waits for its
commit, why it is not ready. Exit code: 0 if it is ready, 1 if not.

store reads the Redis that HUMTEMP_REDIS_URL or HUMTEMP_REDIS_HOST names, or else the data folder: labs with their newest
bucket, ledgers, rejections, what cannot be read. It never writes to a data folder, and the process of that may run.

  --url URL          process: the address to ask (default: that of this configuration)
  --token-file FILE  process: a file with a token of the API
  --timeout TIME     process: how long an answer may take: seconds, or 90s, 5m (default 5s)
  --lab LAB          store: only this lab
  --labs NUMBER      store: so many labs, the first by their ids (default 20)
  --json             as JSON

  humtemp inspect store --lab hall
`;

const LABS_SHOWN = 20;
const LABS_SHOWN_MAX = 100_000;

/** Runs `humtemp inspect`. @throws StartError with a message for the person who started it. */
export async function inspectCommand(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(INSPECT_HELP);
    return;
  }
  const { values, positionals } = commandArguments('inspect', argv, {
    url: { type: 'string' },
    'token-file': { type: 'string' },
    timeout: { type: 'string' },
    lab: { type: 'string' },
    labs: { type: 'string' },
    json: { type: 'boolean' },
  });
  const [what = 'process', second] = positionals;
  if (second !== undefined || (what !== 'process' && what !== 'store'))
    throw new StartError(`inspect takes process or store, not ${second ?? what}`);
  const print = <T>(report: T, text: (report: T) => string) =>
    void process.stdout.write(values.json === true ? `${JSON.stringify(report, null, 2)}\n` : text(report));
  if (what === 'store') {
    const wanted = { lab: values.lab, limit: labsShown(values.labs) };
    print(await readStore(env, wanted, Date.now()), storeText);
    return;
  }
  const base = values.url ?? healthUrl(env);
  if (!/^https?:\/\//.test(base) || !URL.canParse(base))
    throw new StartError(`--url ${base}: expected http:// or https:// with a host`);
  const token = tokenIn(values['token-file']);
  const report = await askProcess(base, { token, msMax: timeoutMs(values.timeout) }, Date.now());
  print(report, processText);
  if (!report.ready) process.exitCode = 1;
}

function labsShown(text = `${LABS_SHOWN}`): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  if (!(count <= LABS_SHOWN_MAX))
    throw new StartError(`--labs ${text}: expected a number up to ${LABS_SHOWN_MAX}`);
  return count;
}

function tokenIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new StartError(`--token-file ${file}: ${(error as Error).message}`, { cause: error });
  }
}

function timeoutMs(text = '5s'): number {
  try {
    return parseDurationS(text) * 1000;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new StartError(`--timeout ${text}: expected ${error.message}`, { cause: error });
  }
}
