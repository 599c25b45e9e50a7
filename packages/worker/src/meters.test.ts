import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workerMeters } from './meters.js';

test('each worker is shown by its broker', async () => {
  const state = { isServing: false, unacknowledged: 10, connections: 3, sessionsLost: 2, dropped: 1 };
  const brokers = [
    { broker: 'a:1883', ...state },
    { broker: 'b:1883', ...state, isServing: true },
  ];
  const samples: Record<string, number[]> = { 'a:1883': [], 'b:1883': [] };
  for (const { samples: read } of workerMeters({ brokers }))
    for (const { labels, value } of await read()) samples[labels.broker!]!.push(value);
  assert.deepEqual(samples, { 'a:1883': [0, 10, 3, 2, 1], 'b:1883': [1, 10, 3, 2, 1] });
});
