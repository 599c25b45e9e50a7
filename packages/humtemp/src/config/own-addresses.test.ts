import assert from 'node:assert/strict';
import { test } from 'node:test';
import { publishDefaults } from './own-addresses.js';

test('simulate and replay go where nothing configured listens', () => {
  assert.deepEqual(publishDefaults({}), {
    url: 'mqtt://127.0.0.1:1883',
    topic: 'labs/+/observation',
    api: 'http://127.0.0.1:8000',
  });
});

test('simulate and replay follow the configured ports, addresses and topics', () => {
  assert.deepEqual(
    publishDefaults({
      HUMTEMP_MQTT_HOST: '0.0.0.0',
      HUMTEMP_MQTT_PORT: '1884',
      HUMTEMP_MQTT_TOPICS: 'sites/#,rooms/+',
      HUMTEMP_API_HOST: '::',
      HUMTEMP_API_PORT: '8001',
    }),
    { url: 'mqtt://127.0.0.1:1884', topic: 'rooms/+', api: 'http://[::1]:8001' },
  );
});

test('simulate and replay go to the external broker where one is configured', () => {
  assert.equal(publishDefaults({ HUMTEMP_MQTT_URL: 'mqtts://a:b@broker.lan' }).url, 'mqtts://a:b@broker.lan');
});

test('simulate and replay use another listener where there is no plain one', () => {
  assert.equal(
    publishDefaults({ HUMTEMP_MQTT_PORT: 'off', HUMTEMP_MQTT_TLS_PORT: '8883' }).url,
    'mqtts://127.0.0.1:8883',
  );
});

test('only a variable that matters to simulate and replay keeps them from running', () => {
  publishDefaults({ HUMTEMP_BUCKET_DURATION: 'day' });
  assert.throws(() => publishDefaults({ HUMTEMP_API_PORT: 'x' }), {
    name: 'StartError',
    message: /HUMTEMP_API_PORT=x: expected an integer from 0 to 65535/,
  });
});
