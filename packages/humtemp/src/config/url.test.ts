import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readConfig } from './config.js';
import { withoutPassword } from './url.js';

const ENCODED = /expected user and password with %25 for %/;

/** The configuration is refused, in words that match and do not hold the password. */
function refused(env: Record<string, string>, ...messages: RegExp[]): void {
  assert.throws(
    () => readConfig(env, 'start'),
    (error: Error) => {
      assert.equal(error.name, 'StartError');
      for (const message of messages) assert.match(error.message, message);
      assert.doesNotMatch(error.message, /secret/);
      return true;
    },
  );
}

describe('user and password of a URL', () => {
  for (const [name, protocol] of [
    ['HUMTEMP_MQTT_URL', 'mqtts'],
    ['HUMTEMP_REDIS_URL', 'rediss'],
  ] as const) {
    test(`user and password are refused in ${name} where they do not decode, and not repeated`, () => {
      for (const credentials of [
        'me:secret%',
        'me:secret%zz',
        'me:secret%E9',
        'm%E9:secret',
        'me:sec/secret',
        'me:1/secret',
        'me:1#secret',
        'me:1?secret',
        'me:secret#',
        'me:se@secret%',
        '%:secret',
      ])
        refused({ [name]: `${protocol}://${credentials}@broker.lan` }, new RegExp(`${name}=`), ENCODED);
    });

    test(`user and password are not repeated where ${name} is no URL at all`, () => {
      for (const text of ['http://me:secret@x', 'me:secret@x', `${protocol}://me:secret`, '//:secret@'])
        refused({ [name]: text }, new RegExp(`${name}=.*expected a URL that starts with`));
    });
  }

  test('user and password may hold anything that is encoded', () => {
    const { mqttUrls, store } = readConfig(
      {
        HUMTEMP_MQTT_URL: ' mqtt://m%C3%A9:100%25%2F%40@broker.lan:1884 ',
        HUMTEMP_REDIS_URL: ' rediss://:p%23@redis.lan/10000?family=6 ',
      },
      'start',
    );
    assert.deepEqual(mqttUrls, ['mqtt://m%C3%A9:100%25%2F%40@broker.lan:1884']);
    assert.deepEqual(store, { redisUrl: 'rediss://:p%23@redis.lan/10000?family=6' });
  });

  test('brokers are a list, each with a user of its own, and no message repeats their passwords', () => {
    const { mqttUrls } = readConfig(
      { HUMTEMP_MQTT_URL: 'mqtt://a:x,y@one.lan, mqtts://b:z@two.lan:8884' },
      'start',
    );
    assert.deepEqual(mqttUrls, ['mqtt://a:x,y@one.lan', 'mqtts://b:z@two.lan:8884']);
    const list = (text: string) => ({ HUMTEMP_MQTT_URL: text });
    refused(
      list('mqtt://a:secret@one,mqtt://b:secret@one'),
      /MQTT_URL=mqtt:.*,mqtt:.*expected each broker once/,
    );
    refused(list('mqtt://one,two:1883'), /expected mqtt:\/\/ or mqtts:\/\/ in front of each host/);
    refused(list('mqtt://a:secret@one,http://b:secret@two'), /a URL that starts with mqtt/);
  });

  test('a broker gets a password with a user only', () =>
    refused({ HUMTEMP_MQTT_URL: 'mqtt://:secret@x' }, /MQTT_URL=mqtt:\/\/:…@x: expected a user in front/));
});

describe('a URL is refused', () => {
  test('a URL with port 0 is refused', () => {
    refused({ HUMTEMP_MQTT_URL: 'mqtt://x:0' }, /HUMTEMP_MQTT_URL=mqtt:\/\/x:0: expected a port from 1/);
    refused({ HUMTEMP_REDIS_URL: 'redis://x:0' }, /HUMTEMP_REDIS_URL=redis:\/\/x:0: expected a port from 1/);
  });

  test('a URL whose path does not decode is refused', () =>
    refused({ HUMTEMP_MQTT_URL: 'mqtt://x/%E9' }, /HUMTEMP_MQTT_URL=mqtt:\/\/x\/%E9: expected UTF-8/));

  test('a URL of Redis is refused where no database stands behind its host', () => {
    for (const path of ['/abc', '/-1', '/10001', '/0/1', '/1.5', '/%E9'])
      refused({ HUMTEMP_REDIS_URL: `redis://x${path}` }, /HUMTEMP_REDIS_URL=.*expected the number of a data/);
    refused({ HUMTEMP_REDIS_URL: 'redis+sentinel://x' }, /expected redis:\/\/ with a name .* to the primary/);
    for (const query of ['?db=1', '?password=secret', '?family=5'])
      refused({ HUMTEMP_REDIS_URL: `redis://x/0${query}` }, /HUMTEMP_REDIS_URL=.*expected nothing behind/);
  });
});

test('Redis may be several servers, or a cluster', () => {
  const urlOf = (url: string) => readConfig({ HUMTEMP_REDIS_URL: url }, 'start').store;
  for (const url of [
    'redis://a:1?name=first',
    'redis://a:1,redis://me:x@b:2/3?name=second',
    'redis+cluster://a:1,b:2',
    'rediss+cluster://me:p%40@a,[::1]:2',
  ])
    assert.deepEqual(urlOf(url), { redisUrl: url });
  for (const [url, expected] of [
    ['redis://a:1,redis://a:1', 'each server once'],
    ['redis://a?name=x,redis://b?name=x', 'each server once'],
    ['redis://a,redis://b?db=1', 'nothing behind the database'],
    ['redis+cluster://a:1,', 'a URL that starts with'],
    ['redis+cluster://a:1/2', 'only hosts and ports'],
    ['redis+cluster://a:0', 'a port from 1'],
  ] as const)
    refused({ HUMTEMP_REDIS_URL: url }, new RegExp(`HUMTEMP_REDIS_URL=.*expected ${expected}`));
});

test('the host of Redis is a name or an address', () => {
  const urlOf = (host: string) => readConfig({ HUMTEMP_REDIS_HOST: host }, 'start').store;
  assert.deepEqual(urlOf('redis.lan'), { redisUrl: 'redis://redis.lan:6379/0' });
  for (const host of ['::1', '[::1]']) assert.deepEqual(urlOf(host), { redisUrl: 'redis://[::1]:6379/0' });
  for (const host of ['', ' ', 'a b', 'x/1', 'x:6379', 'me:secret@x', '[::1', 'fe80::1%eth0'])
    refused({ HUMTEMP_REDIS_HOST: host }, /HUMTEMP_REDIS_HOST=.*expected a host name or an address/);
});

test('a message shows a URL without what may be a password', () => {
  for (const [text, shown] of [
    ['mqtt://broker.lan:1883', 'mqtt://broker.lan:1883'],
    ['mqtt://[::1]:1883/x', 'mqtt://[::1]:1883/x'],
    ['mqtt://me:p@broker.lan:1883', 'mqtt://me:…@broker.lan:1883'],
    ['mqtt://token@broker.lan', 'mqtt://…@broker.lan'],
    ['mqtt://me:p/a@b#c@broker.lan', 'mqtt://me:…@broker.lan'],
    ['mqtt://me:p', 'mqtt://me:…'],
    ['me:p@broker.lan', 'me:…@broker.lan'],
    ['redis://x/0?password=p', 'redis://x/0?…'],
  ] as const)
    assert.equal(withoutPassword(text), shown);
});
