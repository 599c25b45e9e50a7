import { fileURLToPath } from 'node:url';
import { freePort } from '@humtemp/test-services';
import { committedCount, untilReady } from './ledger.js';
import type { ProcessGroup, RunningProcess } from './process-group.js';

const COMMAND = fileURLToPath(new URL('../../../humtemp/bin/humtemp.js', import.meta.url));

export interface HumtempOptions {
  /** By default start. */
  readonly role?: 'start' | 'broker' | 'worker' | 'api';
  /** In the tables; by default humtemp. */
  readonly name?: string;
  /** Folder for its CPU profile; undefined: none is taken. */
  readonly profileFolder?: string | undefined;
}

export interface StartedHumtemp {
  readonly process: RunningProcess;
  readonly apiPort: number;
  readonly mqttPort: number;
  /** Observations committed so far. */
  readonly committed: () => Promise<number>;
}

/** As `npm start` and the image do: V8 has as many threads of its own as there are cores, without one. */
const NODE_FLAGS = ['--v8-pool-size=0'];

/** Starts the compiled command, and does not wait for it. */
export function spawnHumtemp(
  processes: ProcessGroup,
  env: Record<string, string>,
  { role = 'start', name = 'humtemp', profileFolder }: HumtempOptions = {},
): RunningProcess {
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  return processes.spawn(name, process.execPath, [...NODE_FLAGS, ...profiling, COMMAND, role], env);
}

/** Starts a role that has an API, on ports of its own, and waits until it is ready. */
export async function startHumtemp(
  processes: ProcessGroup,
  env: Record<string, string>,
  options: HumtempOptions = {},
): Promise<StartedHumtemp> {
  const [apiPort, mqttPort] = [await freePort(), await freePort()];
  const process = spawnHumtemp(processes, { ...env, ...listeners(apiPort, mqttPort) }, options);
  await untilReady(apiPort, process);
  return { process, apiPort, mqttPort, committed: () => committedCount(apiPort) };
}

/** The variables for where humtemp listens. */
export function listeners(apiPort: number, mqttPort: number): Record<string, string> {
  return { HUMTEMP_API_PORT: `${apiPort}`, HUMTEMP_MQTT_PORT: `${mqttPort}` };
}
