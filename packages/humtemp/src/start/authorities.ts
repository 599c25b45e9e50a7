import { X509Certificate } from 'node:crypto';
import { readRegularFileSync } from '@humtemp/watched-files';
import type { Logger } from 'pino';
import { startErrorOf } from '../start-error.js';

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const CERTIFICATE =
  /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g;

/**
 * The authorities in a file, read at each call; while it cannot be read or is wrong, those that it had
 * before.
 * @throws StartError if it cannot be read at the start.
 */
export function authoritiesIn(file: string, log: Logger): () => Buffer {
  let inForce = readAuthorities(file);
  return () => {
    try {
      inForce = readAuthorities(file);
    } catch (error) {
      log.error({ reason: (error as Error).message }, 'the authorities stay as they were');
    }
    return inForce;
  };
}

function readAuthorities(file: string): Buffer {
  try {
    const content = readRegularFileSync(file, FILE_BYTES_MAX);
    // TLS takes a file without any, and then trusts nobody.
    const blocks = content.toString('latin1').match(CERTIFICATE) ?? [];
    if (blocks.length === 0) throw new Error('expected at least one certificate in PEM');
    for (const block of blocks) new X509Certificate(block);
    return content;
  } catch (error) {
    throw startErrorOf('HUMTEMP_MQTT_CA_FILE', file, error);
  }
}
