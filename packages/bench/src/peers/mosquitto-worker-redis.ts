import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@humtemp/test-services';
import { findProgram } from '../processes/find-program.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { startHumtemp } from './humtemp.js';
import { startMosquitto, untilListening } from './mosquitto.js';
import type { Peer } from './peer.js';

const MOSQUITTO_CONF = fileURLToPath(new URL('../../../../docker/mosquitto.conf', import.meta.url));
const REDIS_CONF = fileURLToPath(new URL('../../../../docker/redis.conf', import.meta.url));

/**
 * Mosquitto, a worker and Redis, with the settings that compose.yaml gives the first and the last. The worker has the
 * API in its own process, so that the ledger says what is committed now and not a second ago.
 */
export const workerPeer: Peer = {
  name: 'Mosquitto+worker+Redis',
  acknowledges: 'queued; stored later',
  commitsFirst: false,
  programs: ['mosquitto', 'redis-server'],
  async start(processes, { profileFolder }) {
    const redis = await startRedis(processes);
    const settings = (await readFile(MOSQUITTO_CONF, 'utf8'))
      .split('\n')
      .filter((line) => !/^(listener|persistence_location|log_dest)\s/.test(line));
    const mosquitto = await startMosquitto(processes, settings);
    const worker = await startHumtemp('worker', processes, profileFolder, {
      HUMTEMP_MQTT_URL: `mqtt://127.0.0.1:${mosquitto.mqttPort}`,
      HUMTEMP_REDIS_URL: `redis://127.0.0.1:${redis.port}`,
    });
    return {
      mqttPort: mosquitto.mqttPort,
      processes: [mosquitto.process, worker.process, redis.process],
      committed: worker.committed,
    };
  },
};

async function startRedis(processes: ProcessGroup): Promise<{ port: number; process: RunningProcess }> {
  const port = await freePort();
  const places = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', await processes.folder()];
  const running = processes.spawn('redis', findProgram('redis-server')!, [REDIS_CONF, ...places]);
  await untilListening(port, running);
  return { port, process: running };
}
