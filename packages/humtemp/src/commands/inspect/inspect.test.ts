import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { freePort, midBucket, type TemporaryFolder, temporaryFolder } from '@humtemp/test-services';
import { pino } from 'pino';
import { readConfig } from '../../config/config.js';
import { type RunningRole, startRole } from '../../start/roles.js';
import { StartError } from '../../start-error.js';
import { supportBundle } from '../support-bundle/bundle.js';
import { askProcess, processText } from './process-report.js';
import { readStore } from './store-report.js';
import { storeText } from './store-text.js';

let folder: TemporaryFolder;
let running: RunningRole;
let env: Record<string, string>;
let health: string;

before(async () => {
  folder = await temporaryFolder('inspect');
  const port = await freePort();
  health = `http://127.0.0.1:${port}`;
  env = {
    ...midBucket().env,
    HUMTEMP_DATA_DIR: folder.path,
    HUMTEMP_MQTT_PORT: '0',
    HUMTEMP_API_PORT: '0',
    HUMTEMP_HEALTH_PORT: `${port}`,
  };
  running = await startRole('start', readConfig(env, 'start'), pino({ enabled: false }));
  for (const [lab_id, temp] of [
    ['hall', 20],
    ['hall', 22.5],
    ['vault', 4],
  ])
    await post(JSON.stringify({ lab_id, temp }));
  await post('nonsense');
});

after(async () => {
  await running.stop();
  await folder.remove();
});

function post(body: string): Promise<Response> {
  return fetch(`http://127.0.0.1:${running.api!.port}/observation`, { method: 'POST', body });
}

test('a running process shows what it does', async () => {
  const report = await askProcess(health, { token: undefined, msMax: 5000 }, Date.now());
  assert.equal(report.ready, true);
  assert.equal(report.role, 'start');
  assert.match(report.version!, /^\d+\.\d+\.\d+/);
  assert.equal(report.batch.inFlight, 0);
  assert.equal(report.observations.committed, 3);
  assert.deepEqual(report.observations.rejected, { not_json: 1 });
  const text = processText(report);
  assert.match(text, /^process {7}start \S+ at http.*, ready$/m);
  assert.match(text, /^received {6}4$/m);
  assert.match(text, /^rejected {6}not_json 1$/m);
});

test('where nothing answers, it says what to do', async () => {
  const port = await freePort();
  await assert.rejects(
    askProcess(`http://127.0.0.1:${port}`, { token: undefined, msMax: 5000 }, Date.now()),
    (error) => error instanceof StartError && /nothing listens there; humtemp doctor/.test(error.message),
  );
});

test('a data folder is decoded while its process runs', async () => {
  const report = await readStore(env, { lab: undefined, limit: 10 }, Date.now());
  assert.equal(report.labs, 2);
  const [hall, vault] = report.newest;
  assert.deepEqual(
    [hall!.lab, hall!.temp],
    ['hall', { count: 2, avg: 21.25, min: 20, max: 22.5, last: 22.5 }],
  );
  assert.deepEqual([vault!.lab, vault!.humidity], ['vault', null]);
  assert.deepEqual(
    report.rejections.map(({ reason }) => reason),
    ['not_json'],
  );
  assert.equal(report.counted[0]!.committed, 3);
  assert.match(storeText(report), /^lab {11}hall: bucket of .*, 2 observations, 21\.25 °C on average/m);
  const one = await readStore(env, { lab: 'vault', limit: 10 }, Date.now());
  assert.deepEqual(
    one.newest.map(({ lab }) => lab),
    ['vault'],
  );
  assert.ok(!JSON.stringify(report).includes('nonsense'));
});

test('no secret of any kind gets into a support bundle, from wherever', async () => {
  const file = (name: string, text: string) => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const secrets = {
    url: 'Url-Pass%2Fword-1',
    decoded: 'Url-Pass/word-1',
    redis: 'redis-password-2',
    second: 'of-another-server-3',
    hash: 'c2FsdHNhbHRzYWx0c2FsdA==$aGFzaGhhc2hoYXNo',
    token: 'f3a9c1d2e4b5f6a7b8c9d0e1f2a3b4c5',
    key: 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIB',
    misspelt: 'true-secret-of-a-misspelt-name',
    query: 'password=in-the-query',
  };
  const bundle = await supportBundle(
    {
      ...env,
      HUMTEMP_MQTT_URL: `mqtt://gateway:${secrets.url}@broker.invalid`,
      HUMTEMP_REDIS_URL_FILE: file(
        'redis',
        `redis://:${secrets.redis}@127.0.0.1:1/0,redis://u:${secrets.second}@127.0.0.1:2/0\n`,
      ),
      HUMTEMP_MQTT_PASSWORD_FILE: file('accounts', `sensor:$7$101$${secrets.hash}\n`),
      HUMTEMP_API_TOKENS_FILE: file('tokens', `wall sha256:${secrets.token} read labs=*\n`),
      HUMTEMP_MQTT_CLIENT_KEY_FILE: file('key', `-----BEGIN PRIVATE KEY-----\n${secrets.key}\n`),
      HUMTEMP_REDIS_PASSWORT: secrets.misspelt,
      HUMTEMP_REDIS_HOST: `host?${secrets.query}`,
    },
    {
      role: 'start',
      url: health,
      token: undefined,
      logFile: file('log', `first line\n${Object.values(secrets).join(' is in the log, ')}\nlast line\n`),
      nowMs: Date.now(),
    },
  );
  const text = JSON.stringify(bundle);
  for (const [kind, secret] of Object.entries(secrets)) assert.ok(!text.includes(secret), kind);
  assert.match(text, /gateway:…@broker\.invalid/);
  assert.match(text, /HUMTEMP_REDIS_PASSWORT/);
  assert.match(text, /"first line"/);
  assert.match(text, /humtemp_observations_committed_total 3/);
});

test('a support bundle has what there is, and why the rest is missing', async () => {
  const options = { role: 'start', url: undefined, token: undefined, nowMs: Date.now() } as const;
  const bundle = (await supportBundle(env, { ...options, logFile: '/nowhere/log' })) as {
    process: { ready: boolean };
    store: { labs: number; newest: unknown[] };
    log: { missing: string };
    doctor: { area: string }[];
  };
  assert.equal(bundle.process.ready, true);
  assert.deepEqual([bundle.store.labs, bundle.store.newest], [2, []]);
  assert.match(bundle.log.missing, /ENOENT/);
  assert.ok(bundle.doctor.some(({ area }) => area === 'data folder'));
  assert.ok(!JSON.stringify(bundle).includes('hall'));
});
