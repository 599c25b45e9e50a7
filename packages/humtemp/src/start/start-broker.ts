import { foreignPage } from '@humtemp/api/access';
import {
  Broker,
  CertificateError,
  ListenError,
  OPEN_ACCESS,
  openAccess,
  type PageRule,
} from '@humtemp/broker';
import type { Intake, SourceTable } from '@humtemp/intake';
import { FileProblem } from '@humtemp/watched-files';
import type { Logger } from 'pino';
import { brokerLimits, brokerListeners } from '../config/broker.js';
import type { Config } from '../config/config.js';
import { StartError, startErrorOf } from '../start-error.js';
import { logReload } from './reload-log.js';
import { topicOfLab } from './topic-of-lab.js';
import { hostInUrl } from './usable-host.js';

/** The variable behind each kind of listener. */
const PORT_VARIABLE = {
  mqtt: 'HUMTEMP_MQTT_PORT',
  mqtts: 'HUMTEMP_MQTT_TLS_PORT',
  ws: 'HUMTEMP_MQTT_WS_PORT',
  wss: 'HUMTEMP_MQTT_WSS_PORT',
} as const;

/** Starts the embedded broker as configured. @throws StartError */
export async function startBroker(
  config: Config,
  sources: SourceTable,
  intake: Intake,
  log: Logger,
): Promise<Broker> {
  const { mqttCertFile: certFile, mqttKeyFile: keyFile } = config;
  try {
    return await Broker.start({
      listeners: brokerListeners(config),
      certificate: certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined,
      sources,
      intake,
      limits: brokerLimits(config),
      access: await accessOf(config, sources, log),
      topicOfLab: (lab) => topicOfLab(config.mqttTopics.filters, lab),
      pageProblem: pageRule(config),
      log,
    });
  } catch (error) {
    if (error instanceof ListenError) throw listenError(error);
    if (error instanceof CertificateError || error instanceof FileProblem)
      throw new StartError(error.message, { cause: error });
    throw error;
  }
}

/** Where no account is needed, the pages that a browser on this network shows may not speak for it. */
function pageRule({
  mqttPasswordFile,
  mqttAllowAnonymous,
  publicHosts,
  apiCorsOrigins,
}: Config): PageRule | undefined {
  if (mqttPasswordFile !== undefined && !mqttAllowAnonymous) return undefined;
  const allowed = { hosts: publicHosts, origins: apiCorsOrigins };
  return ({ host, origin, ...headers }) =>
    foreignPage(
      {
        method: 'GET',
        host,
        origin,
        site: headers['sec-fetch-site'] as string | undefined,
        mode: headers['sec-fetch-mode'] as string | undefined,
        dest: headers['sec-fetch-dest'] as string | undefined,
      },
      allowed,
    );
}

async function accessOf(config: Config, sources: SourceTable, log: Logger) {
  const { mqttPasswordFile: passwordFile, mqttAclFile: aclFile } = config;
  if (passwordFile === undefined && aclFile === undefined) return OPEN_ACCESS;
  return openAccess({
    passwordFile,
    aclFile,
    // Without accounts there is nobody but anonymous clients.
    allowAnonymous: passwordFile === undefined || config.mqttAllowAnonymous,
    labOf: (topic) => sources.labOf(topic),
    onReload: ({ file, accounts, rules }) => {
      if (accounts !== undefined) logReload(log, file, 'accounts', accounts);
      else log.info({ file, rules }, 'the rules have changed');
    },
    onError: ({ message }) => log.error({ reason: message }, 'access stays as it was'),
  });
}

function listenError({ address: { kind, host, port }, code, cause }: ListenError): StartError {
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return startErrorOf('HUMTEMP_MQTT_HOST', host, cause);
  const error = startErrorOf(PORT_VARIABLE[kind], port, cause);
  if (code !== 'EADDRINUSE' || kind !== 'mqtt') return error;
  // On many machines it is a Mosquitto that was installed as a service.
  const there = `mqtt://${hostInUrl(host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host)}:${port}`;
  return new StartError(
    `${error.message}. If an MQTT broker listens there, humtemp start can subscribe to it: HUMTEMP_MQTT_URL=${there}`,
    { cause },
  );
}
