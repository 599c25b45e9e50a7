import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionGate } from './connection-gate.js';

const open = (connectionsMax: number, perAddress?: number, perAccount?: number) =>
  new ConnectionGate({
    connectionsMax,
    connectionsPerAddressMax: perAddress,
    connectionsPerAccountMax: perAccount,
  });

test('one address gets three of four connections, and leaves the others to the others', () => {
  const gate = open(8);
  const refusals = Array.from({ length: 7 }, () => gate.enter('192.0.2.1'));
  assert.deepEqual(refusals.filter(Boolean), ['more than 6 connections from this address']);
  assert.deepEqual([gate.enter('192.0.2.2'), gate.enter('192.0.2.3')], [undefined, undefined]);
  assert.equal(gate.enter('192.0.2.4'), 'more than 8 connections');
  gate.leave('192.0.2.1');
  assert.equal(gate.enter('192.0.2.1'), undefined);
});

test('the addresses of one network of IPv6 count as one', () => {
  const gate = open(100, 2);
  assert.equal(gate.enter('2001:db8:1:2:3::1'), undefined);
  assert.equal(gate.enter('2001:db8:1:2::1'), undefined);
  assert.equal(gate.enter('2001:0db8:1:2:ffff::'), 'more than 2 connections from this address');
  assert.equal(gate.enter('2001:db8:1:3::1'), undefined);
  assert.equal(gate.enter('::1'), undefined);
});

test('one account gets three of four connections, from however many addresses', () => {
  const gate = open(4);
  assert.deepEqual(
    [1, 2, 3, 4].map(() => gate.enterAccount('anna')),
    [undefined, undefined, undefined, 'more than 3 connections of this account'],
  );
  assert.equal(gate.enterAccount('bert'), undefined);
  gate.leaveAccount('anna');
  assert.equal(gate.enterAccount('anna'), undefined);
});
