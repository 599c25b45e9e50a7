import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { Intake, LabsSource, SourceTable } from '@humtemp/intake';
import { temporaryFolder } from '@humtemp/test-services';
import { pino } from 'pino';
import { readConfig } from '../config/config.js';
import { StartError } from '../start-error.js';
import { startWorker } from './start-worker.js';

test('a worker does not start with topic filters that overlap, and names both', async (t) => {
  const folder = await temporaryFolder('start-worker-test');
  const env = {
    HUMTEMP_MQTT_URL: 'mqtt://127.0.0.1:1',
    HUMTEMP_MQTT_TOPICS: 'sites/+, labs/+/observation, labs/hall/+',
  };
  const config = readConfig(env, 'worker');
  const { grid, deduplicationHorizonS, labsMax, rejectionsMax, payloadBytesMax, arrayLengthMax, pendingMax } =
    config;
  const options = { grid, deduplicationHorizonS, labsMax, rejectionsMax, dataDir: folder.path };
  const store = await EmbeddedStore.open(options);
  const intake = new Intake({ store, grid, limits: { payloadBytesMax, arrayLengthMax, pendingMax } });
  const sources = new SourceTable([new LabsSource(config.mqttTopics)]);
  t.after(async () => {
    await intake.stop(0);
    await store.close();
    await folder.remove();
  });
  assert.throws(
    () => startWorker(config, store, sources, intake, 'this run', pino({ enabled: false })),
    (error) => {
      assert.ok(error instanceof StartError);
      assert.match(
        error.message,
        /^HUMTEMP_MQTT_TOPICS=sites\/\+,labs\/\+\/observation,labs\/hall\/\+: labs\/\+\/observation and labs\/hall\/\+ overlap/,
      );
      return true;
    },
  );
});

test('a worker does not start with a file of authorities that has no certificate in it', async (t) => {
  const folder = await temporaryFolder('start-worker-test');
  t.after(() => folder.remove());
  const file = join(folder.path, 'ca.pem');
  const block = (text: string) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`;
  for (const content of ['', '\n', '# nothing yet\n', block(''), block('AAAA')]) {
    await writeFile(file, content);
    const env = { HUMTEMP_MQTT_URL: 'mqtts://127.0.0.1:1', HUMTEMP_MQTT_CA_FILE: file };
    const config = readConfig(env, 'worker');
    const sources = new SourceTable([new LabsSource(config.mqttTopics)]);
    assert.throws(
      () => startWorker(config, {} as never, sources, {} as never, 'this run', pino({ enabled: false })),
      (error) => error instanceof StartError && error.message.startsWith(`HUMTEMP_MQTT_CA_FILE=${file}: `),
      JSON.stringify(content),
    );
  }
});
