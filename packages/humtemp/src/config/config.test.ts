import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import { variablesHelp } from '../commands/help.js';
import { type Config, readConfig, unknownVariables } from './config.js';

type Case = readonly [name: string, good: readonly string[], bad: readonly string[], expected: string];

const TIMER = 'a duration of at most 24d';

/** The ends of what each variable takes, and what lies just beyond. */
const DURATIONS: readonly Case[] = [
  ...[
    'MQTT_CONNECT_TIMEOUT',
    'MQTT_SUBSCRIBER_TIMEOUT',
    'MQTT_ADOPT_AFTER',
    'REDIS_TIMEOUT',
    'STOP_GRACE',
  ].map((name): Case => [name, ['1', '24d', '2073600s'], ['2073601', '25d', '52w', '999999999w'], TIMER]),
  ['MQTT_KEEPALIVE', ['1', '65535'], ['65536', '1d', '52w'], 'a duration of at most 65535s'],
  ['MQTT_SESSION_EXPIRY', ['1', '7101w'], ['7102w', '8000w'], 'a duration of at most 7101w'],
  ['EXPECTED_INTERVAL', ['1', '366d'], ['367d', '999999999w'], 'a duration of at most 366d'],
  ['DEDUPLICATION_HORIZON', ['0', ' 0 ', '1', '366d'], ['367d'], 'a duration of at most 366d'],
];

const OTHERS: readonly Case[] = [
  [
    'ROLLUPS',
    ['', '1s:2d', '10s:14d', '366d:36600000d'],
    ['366d:36600366d', '5m:99999999w'],
    'buckets that are kept for at most 36600000d',
  ],
  ['ROLLUPS', [], ['367d:367d', '999999999w:999999999w'], 'buckets of at most 366d'],
  [
    'ROLLUPS',
    ['1s:1s,2s:2s,3s:3s,4s:4s,5s:5s,6s:6s,7s:7s'],
    ['1s:1s,2s:2s,3s:3s,4s:4s,5s:5s,6s:6s,7s:7s,8s:8s'],
    'at most 7 resolutions',
  ],
  ['REJECTIONS_MAX', ['0', '1000000'], ['1000001', '-1', '1.5', '', ' '], 'an integer from 0 to 1000000'],
  ['MQTT_CLIENT_ID', ['x', `humtemp-${'p'.repeat(64)}`], ['', 'x'.repeat(129)], '1 to 128 characters'],
  ['MQTT_TOPIC_LEVELS_MAX', ['3', '100'], ['1', '2'], 'at least the 3 levels of HUMTEMP_MQTT_TOPICS'],
  [
    'MQTT_TOPICS',
    [`${'x'.repeat(64_998)}/+`],
    [`${'x'.repeat(65_000)}/+`],
    'topic filters of at most 65000 bytes',
  ],
  [
    'API_CORS_ORIGINS',
    ['', '*', 'https://a.lan, http://localhost:3000', 'chrome-extension://abcd'],
    ['a.lan', 'https://a.lan/', 'https://A.lan', 'https://a.lan:443', 'https://a.lan,x'],
    '* or origins as browsers send them',
  ],
];

describe('the configuration', () => {
  for (const [name, good, bad, expected] of [...DURATIONS, ...OTHERS])
    test(`the configuration takes HUMTEMP_${name} up to its limits, and names it beyond: ${expected}`, () => {
      for (const value of good) readConfig({ [`HUMTEMP_${name}`]: value }, 'start');
      for (const value of bad)
        assert.throws(
          () => readConfig({ [`HUMTEMP_${name}`]: value }, 'start'),
          ({ name: error, message }: Error) =>
            error === 'StartError' && message.includes(`  HUMTEMP_${name}=${value}: expected ${expected}`),
          value,
        );
    });

  test('the configuration refuses a text that is no duration', () => {
    for (const [name] of DURATIONS)
      for (const value of ['-1', '1.5', '', ' ', '0s', '9999999999', 'day'])
        assert.throws(() => readConfig({ [`HUMTEMP_${name}`]: value }, 'start'), {
          name: 'StartError',
          message: new RegExp(`HUMTEMP_${name}=${value}: expected a duration such as`),
        });
  });

  test('no timer is so long that Node would cut it to a millisecond', () => {
    const timers = DURATIONS.filter(([, , , expected]) => expected === TIMER);
    const config = readConfig(
      Object.fromEntries(timers.map(([name]) => [`HUMTEMP_${name}`, '24d'])),
      'start',
    );
    const {
      mqttConnectTimeoutS,
      mqttSubscriberTimeoutS,
      mqttAdoptAfterS,
      redisTimeoutS,
      stopGraceS,
    }: Config = config;
    // What stops a process has some seconds more.
    for (const seconds of [
      mqttConnectTimeoutS,
      mqttSubscriberTimeoutS,
      mqttAdoptAfterS,
      redisTimeoutS,
      stopGraceS,
    ])
      assert.ok(seconds * 1000 + 60_000 < 2 ** 31, `${seconds}`);
  });

  test('a worker is not bound by the levels of the embedded broker', () =>
    void readConfig({ HUMTEMP_MQTT_TOPIC_LEVELS_MAX: '1', HUMTEMP_MQTT_URL: 'mqtt://127.0.0.1' }, 'worker'));
});

test('the help on variables names the limits of durations', () => {
  assert.match(variablesHelp(), /Durations are seconds, or 90s, 5m, 1h, 7d, 2w/);
  for (const limit of ['24d', '65535s', '7101w', '366d'])
    assert.match(variablesHelp(), new RegExp(`duration up to ${limit}`));
});

test('a secret may stand in a file, and not in both places', async (t) => {
  const folder = await temporaryFolder('humtemp-secrets');
  t.after(() => folder.remove());
  const file = join(folder.path, 'redis-url');
  await writeFile(file, 'redis://me:secret@redis.lan/1\n');
  const env = { HUMTEMP_REDIS_URL_FILE: file };
  assert.deepEqual(readConfig(env, 'start').store, { redisUrl: 'redis://me:secret@redis.lan/1' });
  assert.deepEqual(unknownVariables(env), []);
  assert.deepEqual(unknownVariables({ HUMTEMP_LOG_LEVEL_FILE: file }), ['HUMTEMP_LOG_LEVEL_FILE']);
  await writeFile(file, 'http://me:secret@redis.lan\n');
  for (const [more, message] of [
    [{}, /HUMTEMP_REDIS_URL=http:\/\/me:…@redis.lan: expected a URL/],
    [
      { HUMTEMP_REDIS_URL: 'redis://a' },
      /HUMTEMP_REDIS_URL_FILE=.*: expected no such file, as HUMTEMP_REDIS_URL is set too/,
    ],
    [
      { HUMTEMP_REDIS_URL_FILE: `${file}.none` },
      /HUMTEMP_REDIS_URL_FILE=.*none: expected a file that can be read \(ENOENT\)/,
    ],
  ] as const)
    assert.throws(() => readConfig({ ...env, ...more }, 'start'), { name: 'StartError', message });
});

test('a worker has a certificate and its key, or neither', () => {
  const env = { HUMTEMP_MQTT_URL: 'mqtts://a', HUMTEMP_MQTT_CLIENT_CERT_FILE: 'cert.pem' };
  assert.throws(() => readConfig(env, 'worker'), {
    message: /HUMTEMP_MQTT_CLIENT_KEY_FILE=: expected both HUMTEMP_MQTT_CLIENT_CERT_FILE and/,
  });
});
