import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imbalance, type LedgerCounters, rejectedTotal } from '@humtemp/bucket-core';
import { startMosquitto, startRedis, temporaryFolder } from '@humtemp/test-services';
import { freePorts, HumtempProcess } from './humtemp-process.js';
import { RecordedLoad } from './recorded-load.js';
import { until } from './until.js';

const OBSERVATIONS = 30_000;
const LABS_MAX = 3000;
const SMALL_HEAP = { NODE_OPTIONS: '--max-old-space-size=64', HUMTEMP_LABS_MAX: `${LABS_MAX}` };

/**
 * Every observation of another lab: as many are counted as there may be labs, the others are rejected and say
 * why.
 */
function check(ledger: LedgerCounters): void {
  assert.equal(imbalance(ledger), 0);
  assert.equal(ledger.committed + ledger.duplicate + rejectedTotal(ledger), OBSERVATIONS);
  assert.ok(
    ledger.committed >= LABS_MAX && ledger.committed < LABS_MAX * 1.1,
    `${ledger.committed} committed`,
  );
  assert.deepEqual(Object.keys(ledger.rejected), ['too_many_labs']);
}

async function publishTo(url: string): Promise<void> {
  const load = new RecordedLoad({ url, observations: OBSERVATIONS, labs: 1e12, seed: 1 });
  await load.run();
  await load.close();
}

test('the embedded default takes a flood of new labs with a small heap, up to its limit', async () => {
  const folder = await temporaryFolder('humtemp-labs-');
  const ports = await freePorts();
  const running = new HumtempProcess(['start'], {
    ...ports.env,
    ...SMALL_HEAP,
    HUMTEMP_DATA_DIR: folder.path,
  });
  try {
    await running.ready(ports.baseUrl);
    await publishTo(`mqtt://127.0.0.1:${ports.mqtt}`);
    check(await running.stop());
  } finally {
    await running.kill();
    await folder.remove();
  }
});

test('so does a worker with Redis', async () => {
  const redis = await startRedis();
  const mosquitto = await startMosquitto({
    config: 'max_inflight_messages 65535\nmax_queued_messages 1000000',
  });
  const worker = new HumtempProcess(['worker'], {
    ...SMALL_HEAP,
    HUMTEMP_MQTT_URL: mosquitto.url,
    HUMTEMP_MQTT_CLIENT_ID: 'w1',
    HUMTEMP_REDIS_URL: redis.url,
  });
  try {
    await until(() => worker.stderr.includes('"msg":"subscribed"'));
    await publishTo(mosquitto.url);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    check(await worker.stop());
  } finally {
    await worker.kill();
    await mosquitto.close();
    await redis.close();
  }
});
