import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newCounters } from './counters.js';
import { brokerMeters } from './meters.js';

test('the broker shows connections, sessions and each kind of drop', async () => {
  const counters = { ...newCounters(), deliveriesDropped: 6 };
  const meters = brokerMeters({ connections: 2, sessions: { connected: 8, away: 9 }, counters });
  const samples = new Map<string, number>();
  for (const { name, samples: read } of meters)
    for (const { labels, value } of await read()) samples.set(`${name} ${Object.values(labels)}`, value);
  assert.equal(samples.get('humtemp_connections mqtt'), 2);
  assert.equal(samples.get('humtemp_broker_sessions connected'), 8);
  assert.equal(samples.get('humtemp_broker_sessions away'), 9);
  assert.equal(samples.get('humtemp_broker_drops_total deliveries_dropped'), 6);
  assert.equal(samples.get('humtemp_broker_drops_total taken_over'), 0);
});
