import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brokerAddress } from './broker-address.js';

test('a URL gives protocol, host and port, and a name for messages', () => {
  assert.deepEqual(brokerAddress('mqtt://127.0.0.1'), {
    name: 'mqtt://127.0.0.1',
    connection: { protocol: 'mqtt', hostname: '127.0.0.1', port: 1883 },
  });
  assert.deepEqual(brokerAddress('mqtts://[::1]:8884').connection, {
    protocol: 'mqtts',
    hostname: '::1',
    port: 8884,
  });
  assert.deepEqual(brokerAddress('ws://broker.lan:9001/mqtt').connection, {
    protocol: 'ws',
    hostname: 'broker.lan',
    port: 9001,
    path: '/mqtt',
  });
});

test('user and password are decoded and stay out of the name', () => {
  const { name, connection } = brokerAddress('mqtt://gateway:a%3Ab%40c@broker.lan:1883');
  assert.deepEqual([connection.username, connection.password], ['gateway', 'a:b@c']);
  assert.equal(name, 'mqtt://broker.lan:1883');
});

test('what names no broker is refused', () => {
  for (const url of ['127.0.0.1:1883', 'http://127.0.0.1', 'mqtt://', 'mqtt:///x', 'mqtt://127.0.0.1:0', ''])
    assert.throws(() => brokerAddress(url), RangeError, url);
});

test('user and password that do not decode are refused, and so is a password alone', () => {
  for (const credentials of ['me:100%', 'me:%zz', 'm%E9', 'me:1#2', ':alone'])
    assert.throws(() => brokerAddress(`wss://${credentials}@broker.lan`), RangeError, credentials);
});
