import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@humtemp/test-services';
import { findProgram } from '../processes/find-program.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { untilListening } from '../processes/until-listening.js';
import type { Peer } from './peer.js';

/** Mosquitto by itself: nobody subscribes, nothing is kept. */
export const mosquittoPeer: Peer = {
  name: 'Mosquitto',
  acknowledges: 'nothing stored',
  commitsFirst: false,
  programs: ['mosquitto'],
  async start(processes) {
    const { mqttPort, process } = await startMosquitto(processes, [
      'allow_anonymous true',
      'persistence false',
      'log_type error',
    ]);
    return { mqttPort, processes: [process] };
  },
};

/** Starts Mosquitto with these lines of configuration, on a port of its own. */
export async function startMosquitto(
  processes: ProcessGroup,
  lines: readonly string[],
): Promise<{ mqttPort: number; process: RunningProcess }> {
  const [mqttPort, folder] = [await freePort(), await processes.folder()];
  const file = join(folder, 'mosquitto.conf');
  const ours = [
    `listener ${mqttPort} 127.0.0.1`,
    `persistence_location ${folder}/`,
    'log_dest stderr',
    // Else it gives up root for a user who may not enter the folder.
    ...(process.getuid?.() === 0 ? ['user root'] : []),
  ];
  await writeFile(file, [...ours, ...lines, ''].join('\n'));
  const running = processes.spawn('mosquitto', findProgram('mosquitto')!, ['-c', file]);
  await untilListening(mqttPort, running);
  return { mqttPort, process: running };
}
