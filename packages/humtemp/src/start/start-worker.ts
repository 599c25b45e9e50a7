import { overlapOf, type SessionRegister } from '@humtemp/bucket-core';
import type { Intake, SourceTable } from '@humtemp/intake';
import { type WorkerOptions, Workers } from '@humtemp/worker';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { brokersOf, workerOptions } from '../config/worker.js';
import { startErrorOf } from '../start-error.js';
import { authoritiesIn } from './authorities.js';
import { certificateIn } from './own-certificate.js';

/** Starts a worker for each broker as configured. `name` is that of the process. @throws StartError */
export function startWorker(
  config: Config,
  store: SessionRegister,
  sources: SourceTable,
  intake: Intake,
  name: string,
  log: Logger,
): Workers {
  const options: Omit<WorkerOptions, 'url' | 'clientId'> = {
    ...workerOptions(config),
    ...(config.mqttCaFile !== undefined && { ca: authoritiesIn(config.mqttCaFile, log) }),
    ...ownCertificate(config, log),
    sources,
    // Those of presets may, on topics that nobody uses; those that somebody chose may not.
    toleratesOverlap: overlapOf(config.mqttTopics.filters) === undefined,
    intake,
    store,
    process: name,
    log,
  };
  const overlap = overlapOf(sources.filters);
  if (overlap !== undefined && options.toleratesOverlap)
    log.warn(
      { filters: overlap },
      'two topic filters have topics in common: the broker may deliver a publish for each of them',
    );
  try {
    return new Workers(brokersOf(config), options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw startErrorOf('HUMTEMP_MQTT_TOPICS', config.mqttTopics.filters.join(','), error);
  }
}

function ownCertificate({ mqttClientCertFile: cert, mqttClientKeyFile: key }: Config, log: Logger) {
  return cert === undefined || key === undefined ? {} : { certificate: certificateIn(cert, key, log) };
}
