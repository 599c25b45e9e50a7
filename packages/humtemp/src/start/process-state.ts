import type { Broker } from '@humtemp/broker';
import type { ProcessState } from '@humtemp/bucket-core';
import type { Intake } from '@humtemp/intake';
import type { Workers } from '@humtemp/worker';
import type { Config } from '../config/config.js';
import { withoutPassword } from '../config/url.js';
import { version } from '../version.js';
import type { WarningLog } from './warning-log.js';

export interface StateParts {
  readonly config: Config;
  readonly intake: Intake;
  readonly warnings: WarningLog;
  readonly broker: Broker | undefined;
  readonly worker: Workers | undefined;
}

const VERSION = version();

/** How this process is doing now. */
export function processState({ config, intake, warnings, broker, worker }: StateParts): ProcessState {
  const { succeeded, failed, seconds } = intake.commits;
  const { commitFailure, oldestUncommittedMs, nowMs } = intake;
  const problems: string[] = [];
  if (commitFailure !== undefined) problems.push(`commits fail: ${commitFailure}`);
  problems.push(...(worker?.notReadyReasons ?? []));
  const source = brokerText(config, broker, worker);
  return {
    version: VERSION,
    store:
      'redisUrl' in config.store
        ? withoutPassword(config.store.redisUrl)
        : `files in ${config.store.dataDir}`,
    ...(source !== undefined && { broker: source }),
    commits: { succeeded, failed, ms: Math.round(seconds.sum * 1000) },
    lagMs: Math.max(0, Math.round(nowMs - (oldestUncommittedMs ?? nowMs))),
    problems,
    warnings: warnings.newest,
  };
}

function brokerText(
  { mqttUrls }: Config,
  broker: Broker | undefined,
  worker: Workers | undefined,
): string | undefined {
  if (worker !== undefined && mqttUrls !== undefined) return mqttUrls.map(withoutPassword).join(',');
  if (broker === undefined) return undefined;
  const ports = broker.listeners.map(({ kind, port }) => `${kind} ${port}`);
  return `its own: ${ports.join(', ')}, ${broker.connections} ${broker.connections === 1 ? 'connection' : 'connections'}`;
}
