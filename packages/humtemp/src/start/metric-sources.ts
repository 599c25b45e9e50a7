import { statfsSync } from 'node:fs';
import type { DiskSpace } from '@humtemp/api';
import type { Broker } from '@humtemp/broker';
import type { Workers } from '@humtemp/worker';
import type { Config } from '../config/config.js';
import type { Role } from '../config/role.js';
import { version } from '../version.js';

/** What metrics are made of that the parts of a process know, on whichever port they are asked for. */
export interface MetricParts {
  readonly config: Config;
  readonly role: Role;
  readonly broker: Broker | undefined;
  readonly worker: Workers | undefined;
}

/** The sources of metrics that both the API and the health port have. */
export function metricSources({ config, role, broker, worker }: MetricParts) {
  return {
    version: version(),
    role,
    disk: () => diskOf(config),
    sessions: () => broker?.sessions,
    workers: () => worker?.brokers ?? [],
    connections: (): Record<string, number> => (broker === undefined ? {} : { mqtt: broker.connections }),
  };
}

/** The disk of the embedded store; undefined with Redis, and while the system does not say. */
function diskOf({ store }: Config): DiskSpace | undefined {
  if (!('dataDir' in store)) return undefined;
  try {
    const { bavail, blocks, bsize } = statfsSync(store.dataDir);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}
