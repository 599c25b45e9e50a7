import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../config/config.js';
import { type GreetingFacts, greeting } from './greeting.js';
import type { RunningRole } from './roles.js';

const ALL = {
  broker: { listeners: [{ kind: 'mqtt', port: 1883 }] },
  api: { port: 8000 },
} as unknown as RunningRole;

const interfaces = { eth0: [{ address: '192.0.2.7', family: 'IPv4', internal: false }] };

function greet(
  env: Record<string, string>,
  facts: Partial<GreetingFacts> = {},
  running: Partial<RunningRole> = ALL,
): string {
  const config = readConfig({ HUMTEMP_DATA_DIR: '/var/lib/humtemp', ...env }, 'start');
  return greeting(running as RunningRole, config, { labs: 0, command: 'humtemp', interfaces, ...facts });
}

test('a first start says where everything is, and how to send and read an observation', () => {
  assert.equal(
    greet({}),
    `
  MQTT broker  mqtt://127.0.0.1:1883
  Dashboard    http://127.0.0.1:8000/
  HTTP API     http://127.0.0.1:8000/docs
  Store        embedded, in /var/lib/humtemp; no lab yet

  Post or publish a first observation and read its summary:

    curl -d '{"lab_id":"library-20","temp":22.08,"humidity":51.53}' http://127.0.0.1:8000/observation
    mosquitto_pub -t labs/library-20/observation -q 1 -m '{"temp":22.08,"humidity":51.53}'
    curl 'http://127.0.0.1:8000/summary?offset=0'

  Or let ten made-up labs publish:  humtemp simulate

  Ctrl-C stops.

`,
  );
});

test('a later start says how many labs are known, and no longer how to begin', () => {
  const text = greet({}, { labs: 12 });
  assert.match(text, /Store .*; 12 labs\n/);
  assert.match(text, /Read: {2}curl 'http:\/\/127\.0\.0\.1:8000\/summary\?offset=0'/);
  assert.doesNotMatch(text, /mosquitto_pub|simulate/);
  assert.match(greet({}, { labs: 1 }), /; 1 lab\n/);
  assert.match(greet({}, { labs: 1000 }), /; 1000 labs or more\n/);
});

test('an address for everybody is named as one that a browser and a sensor can use', () => {
  const open = {
    HUMTEMP_MQTT_HOST: '0.0.0.0',
    HUMTEMP_API_HOST: '::',
    HUMTEMP_MQTT_ALLOW_ANONYMOUS: 'true',
    HUMTEMP_API_ALLOW_ANONYMOUS: 'true',
  };
  const text = greet(open);
  assert.match(text, /mqtt:\/\/192\.0\.2\.7:1883/);
  assert.match(text, /Dashboard {4}http:\/\/192\.0\.2\.7:8000\//);
  assert.match(text, /mosquitto_pub -h 192\.0\.2\.7 -t/);
  assert.doesNotMatch(text, /0\.0\.0\.0|\[::\]/);
});

test('an IPv6 address stands in brackets where it is part of a URL', () => {
  const text = greet({ HUMTEMP_MQTT_HOST: '::1', HUMTEMP_API_HOST: '::1', HUMTEMP_REDIS_HOST: '::1' });
  assert.match(text, /mqtt:\/\/\[::1\]:1883/);
  assert.match(text, /http:\/\/\[::1\]:8000\/summary/);
  assert.match(text, /Redis at \[::1\]:6379/);
  assert.match(text, /mosquitto_pub -h ::1 -t/);
});

test('the token has its place in what is pasted', () => {
  for (const labs of [0, 3]) {
    const text = greet({ HUMTEMP_API_TOKENS_FILE: 'tokens' }, { labs, command: 'npm run humtemp --' });
    assert.match(text, /curl -H "Authorization: Bearer \$TOKEN" 'http:.*summary/);
    // Without --silent, npm prints what it runs, and that would be in the token.
    assert.match(text, /TOKEN=\$\(npm run --silent humtemp -- token tokens NAME --write\)/);
  }
  assert.match(greet({ HUMTEMP_API_TOKENS_FILE: 'tokens' }), /TOKEN=\$\(humtemp token tokens NAME --write\)/);
});

test('accounts have their place in what is pasted, and made-up labs, which have none, are not offered', () => {
  const text = greet({ HUMTEMP_MQTT_PASSWORD_FILE: 'accounts' });
  assert.match(text, /mosquitto_pub -u USER -P PASSWORD -t/);
  assert.doesNotMatch(text, /simulate/);
});

test('behind an external broker, observations are published to that one', () => {
  const running = { worker: {}, api: { port: 8000 } } as unknown as RunningRole;
  const text = greet({ HUMTEMP_MQTT_URL: 'mqtt://anna:secret@broker.lan:1884' }, {}, running);
  assert.match(text, /MQTT worker {2}subscribes to broker\.lan:1884 as humtemp-/);
  assert.match(text, /mosquitto_pub -h broker\.lan -p 1884 -u USER -P PASSWORD -t/);
  assert.doesNotMatch(text, /secret/);
  const two = greet(
    { HUMTEMP_MQTT_URL: 'mqtt://one.lan,mqtt://two.lan', HUMTEMP_MQTT_CLIENT_ID: 'w' },
    {},
    running,
  );
  assert.match(two, /subscribes to one\.lan as w\n +subscribes to two\.lan as w@two\.lan\n/);
});

test('without a plain listener an observation is posted', () => {
  const text = greet({}, {}, {
    ...ALL,
    broker: { listeners: [{ kind: 'mqtts', port: 8883 }] },
  } as unknown as RunningRole);
  assert.match(text, /Post a first observation and read its summary:\n\n {4}curl -d/);
  assert.doesNotMatch(text, /mosquitto_pub|simulate/);
});

test('a broker alone says how to publish', () => {
  const text = greet({}, {}, { broker: ALL.broker });
  assert.match(text, /Publish a first observation:\n\n {4}mosquitto_pub/);
  assert.doesNotMatch(text, /curl|Dashboard/);
});

test('where only the topics of devices are read, an observation is posted', () => {
  const text = greet({ HUMTEMP_SOURCES: 'zigbee2mqtt' });
  assert.match(text, /Post a first observation and read its summary:/);
  assert.doesNotMatch(text, /mosquitto_pub|simulate/);
});
