import { fileURLToPath } from 'node:url';
import { freePort } from '@humtemp/test-services';
import { committedCount, untilReady } from '../ledger.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import type { Peer } from './peer.js';

const COMMAND = fileURLToPath(new URL('../../../humtemp/bin/humtemp.js', import.meta.url));

/** `humtemp start` as it is without any setting: embedded broker, embedded store, API, one process. */
export const humtempPeer: Peer = {
  name: 'humtemp',
  acknowledges: 'committed to the disk',
  commitsFirst: true,
  programs: [],
  async start(processes, { profileFolder }) {
    const mqttPort = await freePort();
    const started = await startHumtemp('humtemp', processes, profileFolder, {
      HUMTEMP_MQTT_PORT: `${mqttPort}`,
      HUMTEMP_DATA_DIR: await processes.folder(),
    });
    return { mqttPort, processes: [started.process], committed: started.committed };
  },
};

/** Starts the compiled command with an API, and waits until it is ready. */
export async function startHumtemp(
  name: string,
  processes: ProcessGroup,
  profileFolder: string | undefined,
  env: Record<string, string>,
): Promise<{ process: RunningProcess; committed: () => Promise<number> }> {
  const apiPort = await freePort();
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileFolder}`];
  const running = processes.spawn(name, process.execPath, [...profiling, COMMAND, 'start'], {
    ...env,
    HUMTEMP_API_PORT: `${apiPort}`,
  });
  await untilReady(apiPort, running);
  return { process: running, committed: () => committedCount(apiPort) };
}
