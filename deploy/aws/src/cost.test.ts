import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cost, MEASURED, quantities } from './cost.js';

test('the figures that costs are computed from are those that were measured', () => {
  const document = readFileSync(new URL('../../../docs/performance.md', import.meta.url), 'utf8');
  const model = document.slice(document.indexOf('## A capacity model'));
  assert.ok(model.includes(`embedded ${MEASURED.brokerCpuUs} µs`));
  assert.ok(model.includes(`${MEASURED.connectionBytes / 1000} kB in humtemp`));
  assert.ok(model.includes(`${MEASURED.labBytes / 1000} kB for each lab`));
});

test('a thousand sensors at a minute take the smallest of everything', () => {
  const taken = quantities({ sensors: 1000, intervalS: 60 });
  assert.equal(taken.brokerVcpuHours, 0.25 * 730);
  assert.equal(taken.brokerGbHours, 0.5 * 730);
  // Two copies of 20 MB, filled to two thirds.
  assert.equal(Math.round(taken.cacheGbHours), Math.round(0.06 * 730));
});

test('what is paid is each quantity times its price', () => {
  const taken = quantities({ sensors: 100_000, intervalS: 60 });
  const free = {
    fargateVcpuHour: 0,
    fargateGbHour: 0,
    cacheGbHour: 0,
    balancerHour: 0,
    natHour: 0,
    trafficGb: 0,
  };
  assert.equal(cost(taken, free), 0);
  assert.equal(cost(taken, { ...free, balancerHour: 2 }), taken.balancerHours * 2);
  assert.equal(cost(taken, { ...free, fargateVcpuHour: 1 }), taken.brokerVcpuHours + taken.apiVcpuHours);
});

test('what one broker cannot do is refused with what to do instead', () => {
  assert.throws(() => quantities({ sensors: 3_000_000, intervalS: 60 }), /external broker and workers/);
});
