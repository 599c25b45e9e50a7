import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../config/config.js';
import { greeting } from './greeting.js';
import type { RunningRole } from './roles.js';

test('an IPv6 address stands in brackets where it is part of a URL', () => {
  const env = { HUMTEMP_MQTT_HOST: '::1', HUMTEMP_API_HOST: '::1', HUMTEMP_REDIS_HOST: '::1' };
  const running = {
    broker: { listeners: [{ kind: 'mqtt', port: 1883 }] },
    api: { port: 8000 },
  } as unknown as RunningRole;
  const text = greeting(running, readConfig(env, 'start'));
  const urls = text.match(/\w+:\/\/[^\s']+/g);
  assert.deepEqual(urls, ['mqtt://[::1]:1883', 'http://[::1]:8000', 'http://[::1]:8000/summary?offset=0']);
  assert.match(text, /Redis at \[::1\]:6379/);
  assert.match(text, /mosquitto_pub -h ::1 -t/);
});
