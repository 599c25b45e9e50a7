import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CopyHub, CopyTraffic } from './copy-traffic.js';
import { ObservationCopies } from './observation-copies.js';

const COPIES_OF_ALL = 20_000;

test('copies of others, however many, do not hold up a sensor that has few', () => {
  const intake = { afterSettled: () => {}, isSettled: () => false };
  const traffic = new CopyTraffic({ intake, onChange: () => {} } as unknown as CopyHub);
  const copiesOf = () => new ObservationCopies(traffic, { owner: '', clientKey: '' }, () => {});
  const payload = Buffer.alloc(50);
  const copy = { topic: 'labs/a/observation', payload, qos: 1 as const, isRetained: false, receipt: 1 };
  const sensor = copiesOf();
  const flood = Array.from({ length: 200 }, copiesOf);
  for (let i = 0; i < COPIES_OF_ALL; i++) flood[i % flood.length]!.add(copy);
  assert.ok(flood[0]!.isFull && sensor.isScarce);
  assert.ok(!sensor.isFull);
  for (let i = 0; i < 7; i++) sensor.add(copy);
  assert.ok(!sensor.isFull);
  sensor.add(copy);
  assert.ok(sensor.isFull);
  // Few that are long are not few.
  const gateway = copiesOf();
  gateway.add({ ...copy, payload: Buffer.alloc(5000) });
  assert.ok(gateway.isFull);
});
