import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOf } from './client.js';

test('an address is counted as itself, and one of IPv6 as its network of 64 bits', () => {
  for (const [address, counted] of [
    ['10.0.0.1', '10.0.0.1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::1', '0:0:0:0::/64'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, undefined],
  ])
    assert.equal(addressOf(address), counted);
});
