import { type StartedHumtemp, startHumtemp } from '../processes/humtemp-process.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { startComposeRedis } from './compose-services.js';
import type { PeerOptions } from './peer.js';

export interface StartedWorker extends Pick<StartedHumtemp, 'apiPort' | 'committed'> {
  readonly worker: RunningProcess;
  readonly redis: RunningProcess;
}

/**
 * A worker behind a broker of this machine, with a Redis of its own. It has the API in its process, so that the ledger
 * says what is committed now and not a second ago.
 * @param env further HUMTEMP_ variables
 */
export async function startWorker(
  processes: ProcessGroup,
  { profileFolder }: PeerOptions,
  brokerPort: number,
  env: Record<string, string> = {},
): Promise<StartedWorker> {
  const redis = await startComposeRedis(processes);
  const places = { HUMTEMP_MQTT_URL: `mqtt://127.0.0.1:${brokerPort}`, HUMTEMP_REDIS_URL: redis.url };
  const { process, apiPort, committed } = await startHumtemp(
    processes,
    { ...places, ...env },
    { name: 'worker', profileFolder },
  );
  return { worker: process, redis: redis.process, apiPort, committed };
}
