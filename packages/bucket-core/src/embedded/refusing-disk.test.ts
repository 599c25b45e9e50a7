import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { memoryFolder, until } from '@humtemp/test-services';
import {
  batchOf,
  CONTRACT_OPTIONS,
  contentOf,
  nowInBucket,
  type Row,
} from '../store/store-contract.fixture.js';
import { EmbeddedStore } from './embedded-store.js';
import { CatalogKeeper } from './engine/catalog-keeper.js';
import { JournalWriter } from './journal/journal-writer.js';

const memory = memoryFolder('humtemp-refusing');
const folder = memory.path;
let serial = 0;
const newDir = () => join(folder, `${serial++}`);
const nowMs = nowInBucket();

after(() => memory.remove());

const open = (dataDir: string, more: object = {}) =>
  EmbeddedStore.open({ ...CONTRACT_OPTIONS, dataDir, ...more });
const commit = (store: EmbeddedStore, rows: readonly Row[]) => store.commit(batchOf(rows, nowMs), nowMs);

test('only the owner reads what a store holds', { skip: process.platform === 'win32' }, async () => {
  const dataDir = newDir();
  const store = await open(dataDir);
  await commit(store, [['lab', 1, 20_000, 50_000]]);
  await store.close();
  assert.equal(statSync(dataDir).mode & 0o777, 0o700);
  for (const name of readdirSync(dataDir))
    assert.equal(statSync(join(dataDir, name)).mode & 0o777, 0o600, name);
});

test('a folder that nobody can make is refused with a sentence', {
  skip: process.platform !== 'linux',
}, async () => {
  await assert.rejects(open('/proc/humtemp/data'), /cannot make the folder \/proc\/humtemp\/data: /);
});

test('a first start that is killed at any moment leaves a folder that the next one takes', async () => {
  const copies: string[] = [];
  const dataDir = newDir();
  const copy = () => {
    const left = newDir();
    cpSync(dataDir, left, { recursive: true });
    copies.push(left);
  };
  const { change } = CatalogKeeper.prototype;
  const { create } = JournalWriter;
  CatalogKeeper.prototype.change = async function (this: CatalogKeeper, changed) {
    copy();
    await change.call(this, changed);
    copy();
  };
  JournalWriter.create = async (...args) => {
    copy();
    const writer = await create.apply(JournalWriter, args);
    copy();
    return writer;
  };
  try {
    await (await open(dataDir)).close();
  } finally {
    CatalogKeeper.prototype.change = change;
    JournalWriter.create = create;
  }
  const unfinished = newDir();
  mkdirSync(unfinished);
  writeFileSync(join(unfinished, 'catalog.new'), 'humtemp cat');
  for (const left of [...copies, unfinished]) {
    const store = await open(left);
    await commit(store, [['lab', 1, 20_000, 50_000]]);
    await store.close();
  }
  assert.ok(copies.length >= 6);
});

for (const name of ['catalog', 'journal', 'table'])
  test(`a ${name} that is replaced while it is in use ends the store with a word`, async () => {
    const dataDir = newDir();
    const first = await open(dataDir);
    await commit(first, [['lab', 1, 20_000, 50_000]]);
    await first.close();
    const fatal: Error[] = [];
    const store = await open(dataDir, { onFatal: (error: Error) => fatal.push(error) });
    const path = join(dataDir, readdirSync(dataDir).find((file) => file.startsWith(name))!);
    renameSync(path, `${path}.away`);
    cpSync(`${path}.away`, path);
    await until(() => fatal.length > 0);
    assert.match(fatal[0]!.message, new RegExp(`${name}.* was replaced or removed while humtemp used it`));
    assert.equal(store.health(), 'lost');
    await assert.rejects(commit(store, [['lab', 2, 20_000, 50_000]]), /replaced or removed/);
    await assert.rejects(store.ping(), /replaced or removed/);
    await store.close();
    assert.equal(fatal.length, 1);
  });

test('a journal file in which a write has failed is not written again, and what follows is in the next', async () => {
  const dataDir = newDir();
  const warnings: string[] = [];
  const store = await open(dataDir, { onWarning: (message: string) => warnings.push(message) });
  await commit(store, [['lab', 1, 20_000, 50_000]]);
  const { append } = JournalWriter.prototype;
  const broken = store.engine.journal.writer!;
  JournalWriter.prototype.append = async function (this: JournalWriter, ...args) {
    if (this !== broken) return append.apply(this, args);
    // It may be on the disk all the same.
    await append.apply(this, args);
    throw new Error('the disk reports an input/output error');
  };
  try {
    await assert.rejects(commit(store, [['lab', 2, 21_000, 50_000]]), /input\/output error/);
    assert.equal(store.health(), 'degraded');
  } finally {
    JournalWriter.prototype.append = append;
  }
  const left = newDir();
  await commit(store, [['lab', 3, 22_000, 50_000]]);
  assert.equal(store.health(), 'ok');
  assert.equal(warnings.length, 2, warnings.join('\n'));
  const content = await contentOf(store, nowMs);
  cpSync(dataDir, left, { recursive: true });
  await store.close();
  const again = await open(left);
  assert.deepEqual(await contentOf(again, nowMs), content);
  await again.close();
});
