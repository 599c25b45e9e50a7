import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { startComposeRedis } from './compose-services.js';
import { startHumtemp } from './humtemp.js';
import type { PeerOptions } from './peer.js';

export interface StartedWorker {
  readonly worker: RunningProcess;
  readonly redis: RunningProcess;
  readonly committed: () => Promise<number>;
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
  const { process: worker, committed } = await startHumtemp('worker', processes, profileFolder, {
    HUMTEMP_MQTT_URL: `mqtt://127.0.0.1:${brokerPort}`,
    HUMTEMP_REDIS_URL: redis.url,
    ...env,
  });
  return { worker, redis: redis.process, committed };
}
