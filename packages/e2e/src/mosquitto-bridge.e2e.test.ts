import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { startMosquitto } from '@humtemp/test-services';
import type { EmbeddedStart } from './embedded-start.js';
import { FaultProxy } from './fault-proxy.js';
import { type LabRecord, RecordedLoad } from './recorded-load.js';
import { startTest } from './start-test.js';
import { until } from './until.js';

const GUIDE = new URL('../../../docs/operations.md', import.meta.url);
const OBSERVATIONS = 6000;

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
  const load = new RecordedLoad({
    url: mosquitto.url,
    observations: OBSERVATIONS,
    labs: 20,
    ratePerS: 600,
    seed,
  });
  parts.onEnd(() => load.close());
  const running = load.run();
  // It is awaited below; if something fails before, that is the news.
  running.catch(() => {});
  /** Resolves when something has come through the bridge since the last time. */
  const through = async () => {
    const before = await received(start);
    while ((await received(start)) === before) await pause(50);
  };

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

  await running;
  for (let i = 0; i < 600 && (await counted(start, load.record)) < OBSERVATIONS; i++) await pause(50);
  const ledger = await start.stop();
  await start.checkExact(load.record);
  assert.ok(ledger.duplicate > 0, 'the bridge has sent something again');
  context.diagnostic(`${link.cuts} cuts, ${ledger.duplicate} delivered again after the last start`);
});

/** The example of the operations guide, with another address. */
async function bridgeOfTheGuide(port: number): Promise<string> {
  const guide = await readFile(GUIDE, 'utf8');
  const [, example] = /## A Mosquitto bridge\n[\s\S]*?```conf\n([\s\S]*?)```/.exec(guide)!;
  assert.match(example!, /^address .*$/m);
  return example!.replace(/^address .*$/m, `address 127.0.0.1:${port}`);
}

async function received(start: EmbeddedStart): Promise<number> {
  const { received } = await start.get<{ received: number }>('/ledger');
  return received;
}

async function counted(start: EmbeddedStart, record: ReadonlyMap<string, LabRecord>): Promise<number> {
  const counts = await Promise.all([...record.keys()].map((lab) => start.countOf(lab)));
  return counts.reduce((sum, count) => sum + count, 0);
}
