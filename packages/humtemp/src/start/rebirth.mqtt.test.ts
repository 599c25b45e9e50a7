import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startMosquitto, temporaryFolder, until } from '@humtemp/test-services';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { readConfig } from '../config/config.js';
import { startRole } from './roles.js';

/** Sparkplug data of alias 9, which no birth has named. */
const DATA = Buffer.from([0x12, 4, 0x10, 9, 0x50, 4]);

async function start(t: TestContext, env: NodeJS.ProcessEnv) {
  const folder = await temporaryFolder('rebirth-test');
  const config = readConfig(
    {
      HUMTEMP_SOURCES: 'sparkplug',
      HUMTEMP_DATA_DIR: folder.path,
      HUMTEMP_MQTT_PORT: '0',
      HUMTEMP_API_PORT: '0',
      HUMTEMP_MQTT_GROUP: '',
      ...env,
    },
    'start',
  );
  const running = await startRole('start', config, pino({ enabled: false }));
  t.after(async () => {
    await running.stop();
    await folder.remove();
  });
  return running;
}

/** Publishes data with an unknown alias, and waits for the command that asks for a birth. */
async function assertAsked(t: TestContext, url: string): Promise<void> {
  const client = await connectAsync(url, { reconnectPeriod: 0 });
  t.after(() => client.endAsync(true));
  const commands: string[] = [];
  client.on('message', (topic, payload) => commands.push(`${topic} ${payload.toString('latin1')}`));
  await client.subscribeAsync('spBv1.0/G/NCMD/E');
  await client.publishAsync('spBv1.0/G/DDATA/E/cold', DATA, { qos: 1 });
  await until(() => commands.length > 0);
  assert.match(commands[0]!, /^spBv1\.0\/G\/NCMD\/E .*Node Control\/Rebirth/s);
}

test('the embedded broker asks a Sparkplug edge node for its birth', async (t) => {
  const { broker } = await start(t, {});
  await assertAsked(t, `mqtt://127.0.0.1:${broker!.portOf('mqtt')}`);
});

test('a worker asks a Sparkplug edge node for its birth through Mosquitto', async (t) => {
  const mosquitto = await startMosquitto();
  t.after(() => mosquitto.close());
  const { worker } = await start(t, { HUMTEMP_MQTT_URL: mosquitto.url });
  await until(() => worker!.notReadyReasons.length === 0);
  await assertAsked(t, mosquitto.url);
});
