import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '@humtemp/test-services';
import { findProgram } from '../processes/find-program.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { untilListening } from '../processes/until-listening.js';
import type { Peer } from './peer.js';

/** NATS with its MQTT front, by itself: without a subscriber JetStream keeps nothing. */
export const natsPeer: Peer = {
  name: 'NATS',
  acknowledges: 'nothing stored',
  commitsFirst: false,
  programs: ['nats-server'],
  isOnlyNamed: true,
  async start(processes) {
    const { mqttPort, process } = await startNats(processes);
    return { mqttPort, processes: [process] };
  },
};

/** Starts NATS with MQTT, for which it needs JetStream, in a folder of its own. */
export async function startNats(
  processes: ProcessGroup,
): Promise<{ mqttPort: number; process: RunningProcess }> {
  const [mqttPort, natsPort, folder] = [await freePort(), await freePort(), await processes.folder()];
  const file = join(folder, 'nats.conf');
  const lines = [
    'server_name: bench',
    `listen: "127.0.0.1:${natsPort}"`,
    `jetstream { store_dir: ${JSON.stringify(folder)} }`,
    // By default 100, for which a worker that acknowledges after the commit would wait most of the time.
    `mqtt { listen: "127.0.0.1:${mqttPort}", max_ack_pending: 65535 }`,
    '',
  ];
  await writeFile(file, lines.join('\n'));
  const running = processes.spawn('nats', findProgram('nats-server')!, ['-c', file]);
  await untilListening(mqttPort, running);
  return { mqttPort, process: running };
}
