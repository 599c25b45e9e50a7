import { startComposeMosquitto } from './compose-services.js';
import type { Peer } from './peer.js';
import { startWorker } from './worker.js';

/** Mosquitto, a worker and Redis, with the settings that compose.yaml gives the first and the last. */
export const workerPeer: Peer = {
  name: 'Mosquitto+worker+Redis',
  acknowledges: 'queued; stored later',
  commitsFirst: false,
  programs: ['mosquitto', 'redis-server'],
  async start(processes, options) {
    const { mqttPort, process } = await startComposeMosquitto(processes);
    const { worker, redis, ...api } = await startWorker(processes, options, mqttPort);
    return { mqttPort, processes: [process, worker, redis], ...api };
  },
};
