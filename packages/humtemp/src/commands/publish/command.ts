import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { publishDefaults } from '../../config/own-addresses.js';
import { parseReplayArguments, parseSimulateArguments, REPLAY_HELP, SIMULATE_HELP } from './options.js';
import { replay } from './replay.js';
import { simulate } from './simulate.js';

/**
 * Runs `humtemp simulate` or `humtemp replay`. The first SIGINT or SIGTERM stops it cleanly, the second at
 * once. The exit code is 1 if something was left unacknowledged or a file was not sent to its end.
 * @throws StartError with a message for the person who started it.
 */
export async function publishCommand(
  command: 'simulate' | 'replay',
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<void> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(command === 'replay' ? REPLAY_HELP : SIMULATE_HELP);
    return;
  }
  const complete = command === 'replay' ? runReplay(argv, env) : runSimulate(argv, env);
  if (!(await complete)) process.exitCode = 1;
}

async function runReplay(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const options = parseReplayArguments(argv, publishDefaults(env));
  const signal = stopSignal();
  const result = await withInput(options.file, signal, (file) =>
    replay({ ...options, file, signal }, process.stdout),
  );
  return result !== undefined && result.inFlight === 0 && !result.interrupted;
}

async function runSimulate(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<boolean> {
  const options = parseSimulateArguments(argv, publishDefaults(env));
  const { inFlight } = await simulate({ ...options, signal: stopSignal() }, process.stdout);
  return inFlight === 0;
}

/**
 * `-`: what comes on standard input is put into a file first, because it is read twice.
 * @returns undefined if it was stopped before the input ended.
 */
async function withInput<T>(
  file: string,
  signal: AbortSignal,
  run: (file: string) => Promise<T>,
): Promise<T | undefined> {
  if (file !== '-') return run(file);
  const folder = await mkdtemp(join(tmpdir(), 'humtemp-replay-'));
  try {
    const copy = join(folder, 'standard-input.csv');
    await pipeline(process.stdin, createWriteStream(copy), { signal });
    return await run(copy);
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(1);
      controller.abort();
    });
  return controller.signal;
}
