import type { Candidate } from '../by-turns.js';
import { startComposeRedis } from '../peers/compose-services.js';
import type { PeerOptions } from '../peers/peer.js';
import { startHumtemp } from '../processes/humtemp-process.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { untilListening } from '../processes/until-listening.js';
import { missingFastApi, type Python, startFastApi } from './fastapi.js';

const STARTED_MS_MAX = 60_000;

/** A server that takes POST /observation. */
export interface HttpPeer extends Candidate {
  /** What 200 of it means. */
  readonly acknowledges: string;
  start(processes: ProcessGroup, options: PeerOptions): Promise<RunningHttpPeer>;
}

export interface RunningHttpPeer {
  /** Connections are shared out evenly. */
  readonly ports: readonly number[];
  readonly processes: readonly Pick<RunningProcess, 'name' | 'pid'>[];
  /** Observations counted so far. Undefined: it stores nothing. */
  readonly committed?: () => Promise<number>;
}

export const httpFloor: HttpPeer = {
  name: 'node:http',
  acknowledges: 'nothing stored',
  async start(processes) {
    const child = processes.startChild('http-floor', {});
    const port = await child.hear<number>('port');
    return { ports: [port], processes: [{ name: 'node:http', pid: child.pid }] };
  },
};

export function nameOfFastApi(workers: number): string {
  return workers === 1 ? 'FastAPI+Redis' : `${workers}×FastAPI+Redis`;
}

/** The reference in fastapi_reference.py. */
export function fastApi(python: Python | undefined, workers: number): HttpPeer {
  return {
    name: nameOfFastApi(workers),
    acknowledges: 'in Redis, on the disk within a second',
    programs: [...missingFastApi(python), 'redis-server'],
    async start(processes) {
      const { ports, uvicorns, redis, counted } = await startFastApi(processes, python!, workers);
      for (const [i, port] of ports.entries()) await untilListening(port, uvicorns[i]!, STARTED_MS_MAX);
      return { ports, processes: [...uvicorns, redis], committed: counted };
    },
  };
}

export const humtempHttp: HttpPeer = {
  name: 'humtemp',
  acknowledges: 'committed to the disk',
  async start(processes, { profileFolder }) {
    const env = { HUMTEMP_DATA_DIR: await processes.folder() };
    const { apiPort, process, committed } = await startHumtemp(processes, env, { profileFolder });
    return { ports: [apiPort], processes: [process], committed };
  },
};

export const humtempRedisHttp: HttpPeer = {
  name: 'humtemp+Redis',
  acknowledges: 'in Redis, on the disk within a second',
  programs: ['redis-server'],
  async start(processes, { profileFolder }) {
    const redis = await startComposeRedis(processes);
    const env = { HUMTEMP_REDIS_URL: redis.url };
    const { apiPort, process, committed } = await startHumtemp(processes, env, { profileFolder });
    return { ports: [apiPort], processes: [process, redis.process], committed };
  },
};
