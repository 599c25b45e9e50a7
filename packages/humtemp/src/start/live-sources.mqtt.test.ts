import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startMosquitto, temporaryFolder, until } from '@humtemp/test-services';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { readConfig } from '../config/config.js';
import { startRole } from './roles.js';

test('a worker counts what a live source retains when it is published, and ignores what a broker repeats', async (t) => {
  const mosquitto = await startMosquitto();
  const folder = await temporaryFolder('live-sources-test');
  const device = await connectAsync(mosquitto.url, { reconnectPeriod: 0 });
  const retained = { qos: 1, retain: true } as const;
  // Before anybody listens: the broker repeats both to the worker's subscription.
  await device.publishAsync('homie/old/node/temperature', '4.5', retained);
  await device.publishAsync('tele/old/SENSOR', '{"AM2301":{"Temperature":4.5}}', retained);
  const config = readConfig(
    {
      HUMTEMP_SOURCES: 'homie,tasmota',
      HUMTEMP_DATA_DIR: folder.path,
      HUMTEMP_API_PORT: '0',
      HUMTEMP_MQTT_GROUP: '',
      HUMTEMP_MQTT_URL: mosquitto.url,
    },
    'start',
  );
  const running = await startRole('start', config, pino({ enabled: false }));
  t.after(async () => {
    await device.endAsync(true);
    await running.stop();
    await folder.remove();
    await mosquitto.close();
  });
  await until(() => running.worker!.notReadyReasons.length === 0);
  await until(() => running.ledger().ignored === 1 && running.ledger().rejected.retained === 1);
  await device.publishAsync('homie/new/node/temperature', '5.5', retained);
  await device.publishAsync('tele/new/SENSOR', '{"AM2301":{"Temperature":5.5}}', retained);
  await until(() => running.ledger().committed === 2);
  assert.deepEqual(running.ledger().rejected, { retained: 1 });
});
