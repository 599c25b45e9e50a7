import type { Candidate } from '../by-turns.js';
import { whole } from '../figures.js';
import { ingestOnce } from '../ingest/ingest-once.js';
import type { IngestLoad } from '../load/ingest-load.js';
import { totalUs } from '../measuring/cpu-watch.js';
import type { Options } from '../options.js';
import { humtempPeer } from '../peers/humtemp.js';
import { pythonWithFastApi } from './fastapi.js';
import { fastApi, type HttpPeer, httpFloor, humtempHttp, humtempRedisHttp } from './http-peers.js';
import { type HttpLoads, HttpSession, type Posted } from './http-session.js';

/** uvicorn processes in the second row of FastAPI. */
export const WORKERS = 2;

/** A way for observations into a store, or to a server that stores nothing. */
export interface Way extends Candidate {
  readonly acknowledges: string;
  measure(): Promise<Posted[]>;
  /** Ends what runs on between the rounds. */
  stop(): Promise<void>;
}

/** In the order of the table. */
export async function waysOf(
  loads: HttpLoads,
  mqtt: IngestLoad,
  options: Options,
): Promise<{ ways: readonly Way[]; notes: readonly string[] }> {
  const python = await pythonWithFastApi();
  const peers = [httpFloor, fastApi(python, 1), fastApi(python, WORKERS), humtempRedisHttp, humtempHttp];
  const overHttp = (peer: HttpPeer): Way => {
    const session = new HttpSession(peer, loads, options);
    return { ...peer, measure: () => session.measure(), stop: () => session.stop() };
  };
  return {
    ways: [
      ...peers.map(overHttp),
      {
        name: 'humtemp over MQTT',
        acknowledges: humtempPeer.acknowledges,
        measure: async () => [await overMqtt(mqtt, options)],
        stop: async () => {},
      },
    ],
    notes: python
      ? [`FastAPI: ${python.versions}; each uvicorn is one process, and its access log is off.`]
      : [],
  };
}

/** @throws if not every observation that was acknowledged is committed. */
async function overMqtt(load: IngestLoad, options: Options): Promise<Posted> {
  const { publishes, publishesPerS, cpu, busy, others } = await ingestOnce(humtempPeer, load, options);
  return {
    load: `${load.connections} connections, ${whole(load.window)} in flight each, QoS ${load.qos}`,
    observations: publishes,
    observationsPerS: publishesPerS,
    latencyMs: undefined,
    cpuUsEach: { [humtempPeer.name]: totalUs(cpu) / publishes },
    busy,
    others,
  };
}
