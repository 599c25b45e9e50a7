import { readFileSync } from 'node:fs';
import type { SessionRegister } from '@humtemp/bucket-core';
import type { Intake } from '@humtemp/intake';
import { Worker, type WorkerOptions } from '@humtemp/worker';
import type { Logger } from 'pino';
import type { Config } from '../config/config.js';
import { FRAME_OVERHEAD_BYTES_MAX } from '../config/frame-overhead.js';
import { startErrorOf } from '../start-error.js';

/** Starts the worker as configured. `name` is that of the process. @throws StartError */
export function startWorker(
  config: Config,
  store: SessionRegister,
  intake: Intake,
  name: string,
  log: Logger,
): Worker {
  const options: WorkerOptions = {
    url: config.mqttUrl!,
    ...(config.mqttCaFile !== undefined && { ca: readAuthorities(config.mqttCaFile) }),
    clientId: config.mqttClientId,
    group: config.mqttGroup,
    sessionExpiryS: config.mqttSessionExpiryS,
    keepAliveS: config.mqttKeepAliveS,
    filters: config.mqttTopics,
    intake,
    store,
    process: name,
    protocolVersion: config.mqttVersion,
    adoptAfterS: config.mqttAdoptAfterS,
    frameBytesMax: config.payloadBytesMax + FRAME_OVERHEAD_BYTES_MAX,
    receiveMaximum: Math.min(config.pendingMax, 65_535),
    log,
  };
  try {
    return new Worker(options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw startErrorOf('HUMTEMP_MQTT_TOPICS', config.mqttTopics.filters.join(','), error);
  }
}

function readAuthorities(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw startErrorOf('HUMTEMP_MQTT_CA_FILE', file, error);
  }
}
