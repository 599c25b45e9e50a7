import { createServer } from 'node:net';
import { brokerListeners } from '../../config/broker.js';
import type { Config } from '../../config/config.js';
import type { Role } from '../../config/role.js';
import { error, type Finding, ok } from './finding.js';

const VARIABLE = {
  mqtt: 'HUMTEMP_MQTT_PORT',
  mqtts: 'HUMTEMP_MQTT_TLS_PORT',
  ws: 'HUMTEMP_MQTT_WS_PORT',
  wss: 'HUMTEMP_MQTT_WSS_PORT',
} as const;

/** Whether this role could listen where it is to. */
export async function checkPorts(config: Config, role: Role): Promise<Finding[]> {
  const places: { variable: string; host: string; port: number }[] = [];
  if (role === 'broker' || (role === 'start' && config.mqttUrls === undefined))
    for (const { kind, host, port } of brokerListeners(config))
      places.push({ variable: VARIABLE[kind], host, port });
  if (role === 'start' || role === 'api')
    places.push({ variable: 'HUMTEMP_API_PORT', host: config.apiHost, port: config.apiPort });
  if (config.healthPort !== undefined)
    places.push({ variable: 'HUMTEMP_HEALTH_PORT', host: config.healthHost, port: config.healthPort });
  return Promise.all(places.map(({ variable, host, port }) => checkPort(variable, host, port)));
}

async function checkPort(variable: string, host: string, port: number): Promise<Finding> {
  const reason = await listenError(host, port);
  const hostVariable = variable.replace(/_(TLS_|WS_|WSS_)?PORT$/, '_HOST');
  if (reason === undefined) return ok('ports', `${variable}=${port} is free on ${host}`);
  if (reason === 'EADDRINUSE')
    return error(
      'ports',
      `${variable}=${port}: something listens there on ${host}`,
      `${variable}=PORT, or ss -ltnp 'sport = :${port}' to find it`,
    );
  if (reason === 'EADDRNOTAVAIL' || reason === 'ENOTFOUND')
    return error(
      'ports',
      `${hostVariable}=${host}: this machine has no such address`,
      `${hostVariable}=ADDRESS`,
    );
  if (reason === 'EACCES')
    return error(
      'ports',
      `${variable}=${port}: this user may not listen there`,
      `${variable}=PORT above 1023`,
    );
  return error('ports', `${variable}=${port}: ${reason}`);
}

/** The code of the error; undefined if it can be listened to. */
function listenError(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
