import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { ContentModel, contentOf, differenceOf } from './content-model.js';
import { batchMs, batchOfRows, FAULT_LIMITS, FAULT_OPTIONS, plannedRows } from './fault-plan.js';

/**
 * A process that commits batch after batch to a store, on a disk that refuses, and says on standard output what becomes
 * of each: `sent K`, `acknowledged K`, `failed K`; `read` after reads that were right, `read failed` after those that
 * threw, `WRONG` after others. It goes on until it is killed, or the batches are through: `done`.
 *
 * Usage: faulty-writer FOLDER BASE_MS SEED FIRST LAST [FAILURES_MAX]
 */
const [folder, baseText, seedText, firstText, lastText, failuresText = '6'] = process.argv.slice(2);
const [baseMs, seed, first, last, failuresMax] = [baseText, seedText, firstText, lastText, failuresText].map(
  Number,
) as [number, number, number, number, number];
const say = (line: string) => writeSync(1, `${line}\n`);
const log = (line: string) => writeSync(2, `${line}\n`);

const store = await EmbeddedStore.open({
  ...FAULT_OPTIONS,
  ...FAULT_LIMITS,
  dataDir: folder!,
  process: `writer ${first}`,
  onWarning: (message) => log(`warning: ${message}`),
  onFault: ({ key, reason }) => log(`fault: ${key}: ${reason}`),
  onFatal: (error) => {
    log(`fatal: ${error.message}`);
    process.exit(1);
  },
}).catch((error: Error) => {
  log(`refused: ${error.message}`);
  process.exit(2);
});

const model = new ContentModel();
for (let k = 0; k < first; k++) model.add(plannedRows(baseMs, seed, k));
let failures = 0;
for (let k = first; k <= last; k++) {
  const rows = plannedRows(baseMs, seed, k);
  const nowMs = batchMs(baseMs, k);
  say(`sent ${k}`);
  for (let isCommitted = false; !isCommitted; ) {
    try {
      await store.commit(batchOfRows(rows), nowMs);
      isCommitted = true;
    } catch (error) {
      failures += 1;
      log(`commit failed: ${(error as Error).message}`);
      say(`failed ${k} ${store.health()}`);
      if (failures >= failuresMax) {
        say('stuck');
        await pause(60_000);
      }
      await pause(2);
    }
  }
  model.add(rows);
  say(`acknowledged ${k}`);
  if (k % 37 === 0 || k === last) await read(nowMs);
}
await store.close();
say('done');

/** Holds what the store says against what was acknowledged. */
async function read(nowMs: number): Promise<void> {
  try {
    const difference = differenceOf(await contentOf(store, nowMs), model.content(nowMs));
    say(difference === undefined ? 'read' : `WRONG ${difference}`);
  } catch (error) {
    log(`read failed: ${(error as Error).message}`);
    say('read failed');
  }
}
