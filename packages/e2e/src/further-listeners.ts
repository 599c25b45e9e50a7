import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '@humtemp/test-services';
import type { Listener } from './real-clients.js';

const run = promisify(execFile);

/** Listeners of the embedded broker besides the plain one, and the variables that open them. */
export interface FurtherListeners {
  readonly listeners: readonly Listener[];
  readonly env: Readonly<Record<string, string>>;
}

/** TLS and WebSocket on free ports, with a certificate, made in this folder, that is its own authority. */
export async function furtherListeners(folder: string): Promise<FurtherListeners> {
  const [caFile, keyFile] = [join(folder, 'server.crt'), join(folder, 'server.key')];
  await run('openssl', [
    ...'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' '),
    ...['-subj', '/CN=humtemp', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ...['-out', caFile, '-keyout', keyFile],
  ]);
  const ca = await readFile(caFile, 'utf8');
  const [mqtts, ws, wss] = [await freePort(), await freePort(), await freePort()];
  return {
    listeners: [
      { scheme: 'mqtts', port: mqtts, ca, caFile },
      { scheme: 'ws', port: ws },
      { scheme: 'wss', port: wss, ca, caFile },
    ],
    env: {
      HUMTEMP_MQTT_TLS_PORT: `${mqtts}`,
      HUMTEMP_MQTT_WS_PORT: `${ws}`,
      HUMTEMP_MQTT_WSS_PORT: `${wss}`,
      HUMTEMP_MQTT_CERT_FILE: caFile,
      HUMTEMP_MQTT_KEY_FILE: keyFile,
    },
  };
}
