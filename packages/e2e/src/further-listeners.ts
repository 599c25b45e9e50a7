import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, makeCertificate } from '@humtemp/test-services';
import type { Listener } from './real-clients.js';

/** Listeners of the embedded broker besides the plain one, and the variables that open them. */
export interface FurtherListeners {
  readonly listeners: readonly Listener[];
  readonly env: Readonly<Record<string, string>>;
}

/** TLS and WebSocket on free ports, with a certificate in files of this folder. */
export async function furtherListeners(folder: string): Promise<FurtherListeners> {
  const { ca, cert, key } = await makeCertificate('humtemp');
  const [caFile, certFile, keyFile] = [join(folder, 'ca'), join(folder, 'cert'), join(folder, 'key')];
  await Promise.all([writeFile(caFile, ca), writeFile(certFile, cert), writeFile(keyFile, key)]);
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
      HUMTEMP_MQTT_CERT_FILE: certFile,
      HUMTEMP_MQTT_KEY_FILE: keyFile,
    },
  };
}
