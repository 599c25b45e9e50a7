import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { connectAsync } from 'mqtt';
import type { EmbeddedStart } from './embedded-start.js';
import { addToRecord, RecordedLoad } from './recorded-load.js';
import { type StartParts, startTest } from './start-test.js';
import { until } from './until.js';

const run = promisify(execFile);
const KEEP_ALIVE_S = 4;
/** Of so many labs that neither the journal nor the buckets of all of them have room. */
const OBSERVATIONS = 15_000;

startTest('on a full disk acknowledges nothing, keeps clients, and goes on with room', {}, async (parts) => {
  const { start } = parts;
  if (!(await smallDisk(parts))) return;
  const { load, running } = fill(parts);
  const patient = await connectAsync(start.url, {
    protocolVersion: 4,
    keepalive: KEEP_ALIVE_S,
  });
  parts.onEnd(() => patient.endAsync(true));
  const heard = { acknowledged: false, connectionLost: false };
  patient.on('close', () => {
    heard.connectionLost = true;
  });
  await until(() => start.process.stderr.includes('commit failed'));
  await untilNothingFits(start);

  const payload = JSON.stringify({ timestamp: Date.now() / 1000, temp: 20, humidity: 50 });
  addToRecord(load.record, 'patient', 20_000, 50_000);
  const publishing = patient.publishAsync('labs/patient/observation', payload, { qos: 1 }).then(() => {
    heard.acknowledged = true;
  });
  publishing.catch(() => {});
  await pause(3.5 * KEEP_ALIVE_S * 1000);
  assert.ok((await fetch(`${start.ports.baseUrl}/livez`)).ok);
  assert.deepEqual(heard, { acknowledged: false, connectionLost: false });
  const { acknowledged } = load;
  const { committed } = await start.get<{ committed: number }>('/ledger');
  assert.ok(acknowledged <= committed, `${acknowledged} acknowledged, ${committed} committed`);
  const ready = await fetch(`${start.ports.baseUrl}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(await ready.text(), /commits fail: .*(disk|device)/);

  await growDisk(start.dataDir);
  await Promise.all([publishing, running]);
  await start.ready();
  await start.stop();
  await start.checkExact(load.record);
});

startTest('killed on a full disk has what it acknowledged, and goes on with room', {}, async (parts) => {
  const { start } = parts;
  if (!(await smallDisk(parts))) return;
  const { load, running } = fill(parts);
  await until(() => start.process.stderr.includes('commit failed'));
  await start.kill();
  await growDisk(start.dataDir);
  await start.restart();
  await running;
  await start.stop();
  await start.checkExact(load.record);
});

startTest('started on a disk that is full is not ready until there is room', {}, async (parts) => {
  const { start } = parts;
  if (!(await smallDisk(parts))) return;
  await start.stop();
  await emptyFolder(start.dataDir);
  const filler = join(start.dataDir, 'filler');
  await writeFile(filler, Buffer.alloc(2 ** 20)).catch(() => {});
  start.launch();
  await until(() => start.process.stderr.includes('the disk is full'));
  let status: number | undefined;
  while (status !== 503) {
    await pause(100);
    status = await fetch(`${start.ports.baseUrl}/readyz`).then(
      (response) => response.status,
      () => undefined,
    );
    assert.notEqual(status, 200);
  }
  assert.ok((await fetch(`${start.ports.baseUrl}/livez`)).ok);
  await rm(filler);
  await start.ready();
  await start.stop();
});

async function emptyFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await rm(join(folder, name));
}

/** At first a smaller part of a batch may still find room. */
async function untilNothingFits(start: EmbeddedStart): Promise<void> {
  let committed = -1;
  for (let unchangedMs = 0; unchangedMs < 1500; unchangedMs += 100) {
    await pause(100);
    const ledger = await start.get<{ committed: number }>('/ledger');
    if (ledger.committed !== committed) unchangedMs = 0;
    committed = ledger.committed;
  }
}

/** A load that the small disk is too small for. */
function fill({ start, seed, onEnd }: StartParts): { load: RecordedLoad; running: Promise<void> } {
  const load = new RecordedLoad({
    url: start.url,
    observations: OBSERVATIONS,
    labs: 1e9,
    ratePerS: 6000,
    seed,
    inFlightMax: 2000,
  });
  onEnd(() => load.close());
  const running = load.run();
  // It is awaited in the end; if something fails before, that is the news.
  running.catch(() => {});
  return { load, running };
}

/** Starts anew with its data on a small disk. False, and the test is skipped, where that is not possible. */
async function smallDisk({ start, context, onEnd }: StartParts): Promise<boolean> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    context.skip('only root can mount a small disk');
    return false;
  }
  await start.stop();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=384k', 'tmpfs', start.dataDir]);
  } catch (error) {
    context.skip(`cannot mount a tmpfs: ${(error as Error).message}`);
    return false;
  }
  onEnd(async () => {
    await start.kill();
    await run('umount', [start.dataDir]);
  });
  await start.restart();
  return true;
}

async function growDisk(folder: string): Promise<void> {
  await run('mount', ['-o', 'remount,size=256m', folder]);
}
