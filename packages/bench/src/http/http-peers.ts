import { freePort } from '@humtemp/test-services';
import { committedCount, untilReady } from '../ledger.js';
import { startComposeRedis } from '../peers/compose-services.js';
import { untilListening } from '../peers/mosquitto.js';
import type { PeerOptions } from '../peers/peer.js';
import { findProgram } from '../processes/find-program.js';
import type { ProcessGroup, RunningProcess } from '../processes/process-group.js';
import { FASTAPI_PACKAGES, type Python, startFastApi } from './fastapi.js';
import { spawnHumtemp } from './humtemp-process.js';

const STARTED_MS_MAX = 60_000;

/** A server that takes POST /observation. */
export interface HttpPeer {
  readonly name: string;
  /** What 200 of it means. */
  readonly acknowledges: string;
  /** What it needs and this machine does not have. */
  missing(): readonly string[];
  start(processes: ProcessGroup, options: PeerOptions): Promise<RunningHttpPeer>;
}

export interface RunningHttpPeer {
  /** Connections are shared out evenly. */
  readonly ports: readonly number[];
  readonly processes: readonly Pick<RunningProcess, 'name' | 'pid'>[];
  /** Observations counted so far. Undefined: it stores nothing. */
  readonly committed: (() => Promise<number>) | undefined;
}

export const httpFloor: HttpPeer = {
  name: 'node:http',
  acknowledges: 'nothing stored',
  missing: () => [],
  async start(processes) {
    const child = processes.startChild('http-floor', {});
    const port = await child.hear<number>('port');
    return { ports: [port], processes: [{ name: 'node:http', pid: child.pid }], committed: undefined };
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
    missing: () => [...(python === undefined ? [FASTAPI_PACKAGES] : []), ...missingRedis()],
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
  missing: () => [],
  async start(processes, { profileFolder }) {
    const { port, process, committed } = await startHumtemp(processes, profileFolder, {
      HUMTEMP_DATA_DIR: await processes.folder(),
    });
    return { ports: [port], processes: [process], committed };
  },
};

export const humtempRedisHttp: HttpPeer = {
  name: 'humtemp+Redis',
  acknowledges: 'in Redis, on the disk within a second',
  missing: missingRedis,
  async start(processes, { profileFolder }) {
    const redis = await startComposeRedis(processes);
    const { port, process, committed } = await startHumtemp(processes, profileFolder, {
      HUMTEMP_REDIS_URL: redis.url,
    });
    return { ports: [port], processes: [process, redis.process], committed };
  },
};

function missingRedis(): string[] {
  return findProgram('redis-server') === undefined ? ['redis-server'] : [];
}

async function startHumtemp(
  processes: ProcessGroup,
  profileFolder: string | undefined,
  env: Record<string, string>,
): Promise<{ port: number; process: RunningProcess; committed: () => Promise<number> }> {
  const port = await freePort();
  const ports = { HUMTEMP_API_PORT: `${port}`, HUMTEMP_MQTT_PORT: `${await freePort()}` };
  const process = spawnHumtemp(processes, 'start', { ...env, ...ports }, profileFolder);
  await untilReady(port, process);
  return { port, process, committed: () => committedCount(port) };
}
