import type { RunningServer } from '@humtemp/api';
import { readinessReasons, startHealthServer } from '@humtemp/api/health';
import type { Broker } from '@humtemp/broker';
import type { Store } from '@humtemp/bucket-core';
import type { Intake } from '@humtemp/intake';
import type { Workers } from '@humtemp/worker';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import type { Role } from '../config/role.js';
import { startErrorOf } from '../start-error.js';
import { metersOf } from './meters.js';
import type { StoreFaults } from './store-faults.js';

/** How long a probe waits for the store. */
const READINESS_MS_MAX = 5000;

export interface HealthParts {
  readonly config: Config;
  readonly store: Store;
  readonly intake: Intake;
  readonly role: Role;
  readonly broker: Broker | undefined;
  readonly worker: Workers | undefined;
  readonly faults: StoreFaults;
  readonly log: Logger;
}

/** Serves health and metrics on a port of their own, where one is configured. @throws StartError */
export async function startHealth(parts: HealthParts): Promise<RunningServer | undefined> {
  const { config, store, intake, role, log } = parts;
  const { healthHost: host, healthPort: port } = config;
  if (port === undefined) return undefined;
  try {
    return await startHealthServer({
      host,
      port,
      storeHealth: () => store.health(),
      readiness: () => processReadiness(parts),
      warnings: () => store.warnings?.() ?? [],
      readinessMsMax: READINESS_MS_MAX,
      metrics: {
        intake,
        store,
        receives: role !== 'api',
        meters: metersOf(parts),
      },
      log,
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isHost = code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND';
    throw isHost
      ? startErrorOf('HUMTEMP_HEALTH_HOST', host, error)
      : startErrorOf('HUMTEMP_HEALTH_PORT', port, error);
  }
}

/** Why this process cannot do its work now; empty when it can. */
export async function processReadiness({
  store,
  intake,
  worker,
}: Pick<HealthParts, 'store' | 'intake' | 'worker'>): Promise<string[]> {
  return [...(await readinessReasons(store, intake, intake.nowMs)), ...(worker?.notReadyReasons ?? [])];
}
