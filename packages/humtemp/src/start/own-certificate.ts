import { createSecureContext } from 'node:tls';
import { readRegularFileSync } from '@humtemp/watched-files';
import type { Logger } from 'pino';
import { startErrorOf } from '../start-error.js';

const FILE_BYTES_MAX = 1024 * 1024;

interface CertificateAndKey {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * The certificate that a worker shows, read at each call; while the two files do not fit together, as they
 * were before.
 * @throws StartError if they cannot be read at the start.
 */
export function certificateIn(certFile: string, keyFile: string, log: Logger): () => CertificateAndKey {
  let inForce = read(certFile, keyFile);
  return () => {
    try {
      inForce = read(certFile, keyFile);
    } catch (error) {
      log.error({ reason: (error as Error).message }, 'the certificate of this worker stays as it was');
    }
    return inForce;
  };
}

function read(certFile: string, keyFile: string): CertificateAndKey {
  const cert = readOne('HUMTEMP_MQTT_CLIENT_CERT_FILE', certFile);
  const key = readOne('HUMTEMP_MQTT_CLIENT_KEY_FILE', keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    throw startErrorOf('HUMTEMP_MQTT_CLIENT_KEY_FILE', keyFile, error);
  }
  return { cert, key };
}

function readOne(variable: string, file: string): Buffer {
  try {
    return readRegularFileSync(file, FILE_BYTES_MAX);
  } catch (error) {
    throw startErrorOf(variable, file, error);
  }
}
