import { statfsSync } from 'node:fs';
import { type Broker, brokerMeters } from '@humtemp/broker';
import { counter, gauge, gaugeBy, type Meter } from '@humtemp/bucket-core';
import { type Workers, workerMeters } from '@humtemp/worker';
import type { Config } from '../config/config.js';
import type { Role } from '../config/role.js';
import { version } from '../version.js';
import type { StoreFaults } from './store-faults.js';

/** The parts of a process that count. */
export interface CountingParts {
  readonly config: Config;
  readonly role: Role;
  readonly broker: Broker | undefined;
  readonly worker: Workers | undefined;
  readonly faults: StoreFaults;
}

/** What a process counts besides observations, on whichever port it is asked: those of its parts, in one list. */
export function metersOf({ config, role, broker, worker, faults }: CountingParts): readonly Meter[] {
  return [
    gaugeBy('humtemp_build_info', 'Version and role of the process: 1.', ['version', 'role'], () => [
      [{ version: version(), role }, 1],
    ]),
    counter(
      'humtemp_store_faults_total',
      'Stored values that this process could not read, and left out or set aside.',
      () => faults.count,
    ),
    ...('dataDir' in config.store ? diskMeters(config.store.dataDir) : []),
    ...(broker === undefined ? [] : brokerMeters(broker)),
    ...(worker === undefined ? [] : workerMeters(worker)),
  ];
}

/** The disk of the embedded store; nothing while the system does not say. */
function diskMeters(dataDir: string): readonly Meter[] {
  const blocks = (which: 'bavail' | 'blocks') => () => {
    try {
      const disk = statfsSync(dataDir);
      return disk[which] * disk.bsize;
    } catch {
      return undefined;
    }
  };
  return [
    gauge('humtemp_disk_free_bytes', 'Room on the disk of the data folder.', blocks('bavail')),
    gauge('humtemp_disk_size_bytes', 'Size of the disk of the data folder.', blocks('blocks')),
  ];
}
