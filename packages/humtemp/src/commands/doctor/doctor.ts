import { statSync } from 'node:fs';
import { readConfig, unknownVariables } from '../../config/config.js';
import type { Role } from '../../config/role.js';
import { StartError } from '../../start-error.js';
import { checkApi } from './check-api.js';
import { checkBrokers } from './check-broker.js';
import { plausibleClock } from './check-clock.js';
import { checkDataFolder, type FreeSpace } from './check-data-folder.js';
import { checkFiles } from './check-files.js';
import { checkPorts } from './check-ports.js';
import { checkRedis } from './check-redis.js';
import { error, type Finding, ok, warning } from './finding.js';

export interface DoctorOptions {
  readonly role: Role;
  /** How long it listens at an external broker. */
  readonly listenMs: number;
  readonly nowMs?: () => number;
  readonly freeMib?: FreeSpace;
  /** Where clients are to reach a running API. */
  readonly url?: string;
}

/** Looks at everything that this role depends on. It changes nothing. */
export async function examine(env: NodeJS.ProcessEnv, options: DoctorOptions): Promise<Finding[]> {
  const { role, nowMs = Date.now } = options;
  const unknown = unknownVariables(env).map((name) =>
    warning('configuration', `there is no variable ${name}`, 'humtemp help variables lists them'),
  );
  let config: ReturnType<typeof readConfig>;
  try {
    config = readConfig(env, role);
  } catch (problem) {
    if (!(problem instanceof StartError)) throw problem;
    return [...unknown, ...configurationErrors(problem.message)];
  }
  const isWorker = config.mqttUrls !== undefined && (role === 'start' || role === 'worker');
  const { store } = config;
  const found = [
    ...unknown,
    ok('configuration', `every variable of humtemp ${role} is good`),
    ...checkFiles(config),
    ...('dataDir' in store
      ? checkDataFolder(store.dataDir, options.freeMib)
      : await checkRedis(store.redisUrl, config.durability, nowMs)),
    ...(await checkPorts(config, role)),
    ...(isWorker ? await checkBrokers(config, options.listenMs) : []),
    ...(options.url === undefined ? [] : await checkApi(options.url)),
  ];
  // Said once: by another clock, if there is one.
  const isClockWrong = found.some(({ area, level }) => area === 'clock' && level !== 'ok');
  return isClockWrong ? found : [...found, ...plausibleClock(nowMs(), installedMs())];
}

function installedMs(): number {
  return statSync(new URL(import.meta.url)).mtimeMs;
}

/** A finding for each line about a variable. */
function configurationErrors(message: string): Finding[] {
  const lines = message.split('\n').filter((line) => line.startsWith('  '));
  return lines.map((line) => {
    const [what, expected] = line.trim().split(': expected ');
    const name = what!.split('=')[0];
    return error('configuration', `${what} is not good`, `${name}: ${expected}`);
  });
}
