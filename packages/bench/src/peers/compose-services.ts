import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '@humtemp/test-services';
import { findProgram } from '../processes/find-program.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { untilListening } from '../processes/until-listening.js';
import { startMosquitto } from './mosquitto.js';

const MOSQUITTO_CONF = fileURLToPath(new URL('../../../../docker/mosquitto.conf', import.meta.url));
const REDIS_CONF = fileURLToPath(new URL('../../../../docker/redis.conf', import.meta.url));

/** Mosquitto with the settings that compose.yaml gives it. */
export async function startComposeMosquitto(
  processes: ProcessGroup,
): Promise<{ mqttPort: number; process: RunningProcess }> {
  const settings = (await readFile(MOSQUITTO_CONF, 'utf8'))
    .split('\n')
    .filter((line) => !/^(listener|persistence_location|log_dest)\s/.test(line));
  return startMosquitto(processes, settings);
}

/** Redis with the settings that compose.yaml gives it. */
export async function startComposeRedis(
  processes: ProcessGroup,
): Promise<{ url: string; process: RunningProcess }> {
  const port = await freePort();
  const places = ['--bind', '127.0.0.1', '--port', `${port}`, '--dir', await processes.folder()];
  const running = processes.spawn('redis', findProgram('redis-server')!, [REDIS_CONF, ...places]);
  await untilListening(port, running);
  return { url: `redis://127.0.0.1:${port}`, process: running };
}
