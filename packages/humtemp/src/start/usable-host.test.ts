import assert from 'node:assert/strict';
import { test } from 'node:test';
import { usableHost } from './usable-host.js';

const address = (address: string, family = 'IPv4', internal = false) => ({ address, family, internal });
const interfaces = {
  lo: [address('127.0.0.1', 'IPv4', true), address('::1', 'IPv6', true)],
  eth0: [address('fe80::1', 'IPv6'), address('2001:db8::7', 'IPv6'), address('192.0.2.7')],
};

test('whoever listens on all addresses is reached at one that other machines see', () => {
  assert.equal(usableHost('0.0.0.0', interfaces), '192.0.2.7');
  assert.equal(usableHost('::', interfaces), '192.0.2.7');
});

test('an address of IPv6 is named where there is no other, and never a link-local one', () => {
  const { lo, eth0 } = interfaces;
  assert.equal(usableHost('::', { lo, eth0: eth0.slice(0, 2) }), '2001:db8::7');
  assert.equal(usableHost('0.0.0.0', { lo, eth0: eth0.slice(0, 2) }), '127.0.0.1');
});

test('a machine without a network is reached at its loopback address', () => {
  assert.equal(usableHost('0.0.0.0', { lo: interfaces.lo }), '127.0.0.1');
});

test('an address that was chosen stays', () => {
  for (const host of ['127.0.0.1', '192.0.2.9', '::1', 'gateway.lan'])
    assert.equal(usableHost(host, interfaces), host);
});
