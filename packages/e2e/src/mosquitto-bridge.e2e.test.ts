import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { startMosquitto } from '@humtemp/test-services';
import type { EmbeddedStart } from './embedded-start.js';
import { FaultProxy } from './fault-proxy.js';
import { SensorFleet } from './sensor-fleet.js';
import { startTest } from './start-test.js';
import { until } from './until.js';

const GUIDE = new URL('../../../docs/brokers.md', import.meta.url);
const SENSORS = { sensors: 20, labs: 15, pauseMs: 10 };
const STILL_MS_MAX = 15_000;

startTest('counts once what a Mosquitto bridge sends over a link that breaks', {}, async (parts) => {
  const { start, seed, context } = parts;
  const link = await FaultProxy.start({ target: { host: '127.0.0.1', port: start.ports.mqtt } });
  parts.onEnd(() => link.close());
  const mosquitto = await startMosquitto({ config: await bridgeOfTheGuide(link.port) });
  parts.onEnd(() => mosquitto.close());
  if (mosquitto.source === 'docker') {
    context.skip('a Mosquitto in a container does not reach our loopback interface');
    return;
  }
  const sensors = new SensorFleet({ port: mosquitto.port, ...SENSORS, seed });
  parts.onEnd(() => sensors.close());
  /** Resolves when something comes through the bridge. */
  const through = async () => start.untilReceived((await start.received()) + 1);

  await through();
  link.refuse();
  link.cut();
  await pause(500);
  await link.heal();
  await through();
  await start.kill();
  await start.restart();
  await through();
  await mosquitto.terminate();
  await mosquitto.start();
  await through();
  // Committed, but the bridge never hears of it.
  const { cuts } = link;
  link.cutReplies({ every: 1, matching: /\/observation/ });
  await until(() => link.cuts >= cuts + 2);
  await link.heal();

  await sensors.finish();
  await untilCounted(start, sensors);
  const ledger = await start.stop();
  const { counted } = await start.checkExact(sensors.record);
  assert.equal(counted, sensors.acknowledged);
  assert.ok(ledger.duplicate > 0, 'the bridge has sent something again');
  context.diagnostic(
    `${counted} observations, ${ledger.duplicate} sent again by the bridge after the last start`,
  );
});

/** The example of the operations guide, with another address. */
async function bridgeOfTheGuide(port: number): Promise<string> {
  const guide = await readFile(GUIDE, 'utf8');
  const [, example] = /## A Mosquitto bridge\n[\s\S]*?```conf\n([\s\S]*?)```/.exec(guide)!;
  assert.match(example!, /^address .*$/m);
  return example!.replace(/^address .*$/m, `address 127.0.0.1:${port}`);
}

/** Resolves when all labs together have what the sensors hold for delivered, or when that comes no nearer. */
async function untilCounted(start: EmbeddedStart, { acknowledged, record }: SensorFleet): Promise<void> {
  let counted = -1;
  for (let stillMs = 0; stillMs < STILL_MS_MAX; stillMs += 100) {
    const counts = await Promise.all([...record.keys()].map((lab) => start.countOf(lab)));
    const sum = counts.reduce((total, count) => total + count, 0);
    if (sum >= acknowledged) return;
    if (sum > counted) stillMs = 0;
    counted = sum;
    await pause(100);
  }
}
