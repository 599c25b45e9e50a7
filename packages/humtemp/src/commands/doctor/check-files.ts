import { accessSync, constants, statSync } from 'node:fs';
import type { Config } from '../../config/config.js';
import { error, type Finding, ok, warning } from './finding.js';

const FILES = {
  mqttCertFile: 'HUMTEMP_MQTT_CERT_FILE',
  mqttKeyFile: 'HUMTEMP_MQTT_KEY_FILE',
  mqttPasswordFile: 'HUMTEMP_MQTT_PASSWORD_FILE',
  mqttAclFile: 'HUMTEMP_MQTT_ACL_FILE',
  mqttCaFile: 'HUMTEMP_MQTT_CA_FILE',
  mqttClientCertFile: 'HUMTEMP_MQTT_CLIENT_CERT_FILE',
  mqttClientKeyFile: 'HUMTEMP_MQTT_CLIENT_KEY_FILE',
  apiTokensFile: 'HUMTEMP_API_TOKENS_FILE',
  sourcesFile: 'HUMTEMP_SOURCES_FILE',
} as const;

/** What nobody else should read. */
const SECRET: ReadonlySet<string> = new Set([
  'mqttKeyFile',
  'mqttClientKeyFile',
  'mqttPasswordFile',
  'apiTokensFile',
]);
const READABLE_BY_OTHERS = 0o004;

/** Whether each configured file is there, and who may read it. */
export function checkFiles(config: Config): Finding[] {
  return (Object.keys(FILES) as (keyof typeof FILES)[]).flatMap((key) => {
    const file = config[key];
    return file === undefined ? [] : [checkFile(FILES[key], file, SECRET.has(key))];
  });
}

function checkFile(variable: string, file: string, isSecret: boolean): Finding {
  try {
    const stats = statSync(file);
    if (!stats.isFile()) return error('files', `${variable}=${file} is not a file`, `${variable}=FILE`);
    accessSync(file, constants.R_OK);
    if (isSecret && (stats.mode & READABLE_BY_OTHERS) !== 0)
      return warning(
        'files',
        `${variable}=${file} can be read by every user of this machine`,
        `chmod o-r ${file}`,
      );
    return ok('files', `${variable}=${file} can be read`);
  } catch (reason) {
    const { code, message } = reason as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      return error(
        'files',
        `${variable}=${file}: there is no such file`,
        `${variable}=FILE, or create ${file}`,
      );
    if (code === 'EACCES')
      return error(
        'files',
        `${variable}=${file}: this user may not read it`,
        `chgrp USER ${file} && chmod g+r ${file}`,
      );
    return error('files', `${variable}=${file}: ${message}`);
  }
}
