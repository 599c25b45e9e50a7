import { fileURLToPath } from 'node:url';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';

const COMMAND = fileURLToPath(new URL('../../../humtemp/bin/humtemp.js', import.meta.url));

/** Starts a role of the compiled command, and does not wait for it. */
export function spawnHumtemp(
  processes: ProcessGroup,
  role: 'start' | 'broker' | 'worker' | 'api',
  env: Record<string, string>,
  profileFolder?: string,
): RunningProcess {
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  return processes.spawn('humtemp', process.execPath, [...profiling, COMMAND, role], env);
}
