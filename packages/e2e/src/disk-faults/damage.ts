import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { ContentModel, contentOf } from './content-model.js';
import { batchMs, batchOfRows, FAULT_LIMITS, FAULT_OPTIONS, plannedRows } from './fault-plan.js';

/** A folder of a store, and what it must hold. */
export interface Intact {
  readonly folder: string;
  readonly nowMs: number;
  readonly content: ReadonlyMap<string, string>;
  readonly labs: readonly string[];
}

/** How the bytes of a file change while nobody uses it. */
export const DAMAGES = {
  flip: (bytes: Buffer, at: number) => bytes.writeUInt8(bytes[at]! ^ 0x5a, at),
  bit: (bytes: Buffer, at: number) => bytes.writeUInt8(bytes[at]! ^ 1, at),
  zero: (bytes: Buffer, at: number) => bytes.writeUInt8(0, at),
  noise: (bytes: Buffer, at: number) => bytes.subarray(at, at + 16).fill(0xa7),
} as const;

export type Damage = keyof typeof DAMAGES | 'cut' | 'removed' | 'longer';

/** What became of a damaged folder: all answers are right, a fault was counted, or it was refused with a sentence. */
export type Outcome = 'right' | 'fault' | 'refused' | `WRONG: ${string}`;

/**
 * Fills a store, and copies its folder: as a killed process leaves it after its last acknowledgement, or closed.
 * @returns undefined, if there is nothing to damage
 */
export async function intactFolder(parent: string, batches: number, isClosed: boolean): Promise<Intact> {
  const used = join(parent, 'used');
  const folder = join(parent, isClosed ? 'closed' : 'killed');
  const baseMs = Math.floor(Date.now() / 1000) * 1000 - 60_000;
  const store = await EmbeddedStore.open({ ...FAULT_OPTIONS, ...FAULT_LIMITS, dataDir: used });
  const model = new ContentModel();
  for (let k = 0; k < batches; k++) {
    const rows = plannedRows(baseMs, 1, k);
    await store.commit(batchOfRows(rows), batchMs(baseMs, k));
    model.add(rows);
  }
  const nowMs = batchMs(baseMs, batches);
  const labs = await store.labs('', 1e6, nowMs);
  if (!isClosed) copyInUse(used, folder);
  await store.close();
  if (isClosed) cpSync(used, folder, { recursive: true });
  rmSync(used, { recursive: true });
  return { folder, nowMs, content: model.content(nowMs), labs };
}

/** Copies a folder in whose background a file may get its name just now. */
function copyInUse(from: string, to: string): void {
  for (let attempt = 1; ; attempt++)
    try {
      cpSync(from, to, { recursive: true });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt === 10) throw error;
      rmSync(to, { recursive: true, force: true });
    }
}

/** Damages a copy of the folder at one place, opens it, and reads all of it. */
export async function damageTrial(
  intact: Intact,
  copy: string,
  file: string,
  damage: Damage,
  at: number,
): Promise<Outcome> {
  mkdirSync(copy);
  try {
    for (const name of readdirSync(intact.folder))
      if (name !== file || damage !== 'removed') cpSync(join(intact.folder, name), join(copy, name));
    if (damage !== 'removed') change(join(copy, file), damage, at);
    return await outcomeOf(intact, copy);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

function change(path: string, damage: Exclude<Damage, 'removed'>, at: number): void {
  if (damage === 'cut') {
    truncateSync(path, at);
    return;
  }
  const bytes = readFileSync(path);
  if (damage === 'longer') writeFileSync(path, Buffer.concat([bytes, Buffer.alloc(100, 7)]));
  else {
    DAMAGES[damage](bytes, at);
    writeFileSync(path, bytes);
  }
}

async function outcomeOf({ content, labs, nowMs }: Intact, copy: string): Promise<Outcome> {
  const faults: string[] = [];
  let store: EmbeddedStore;
  try {
    store = await EmbeddedStore.open({
      ...FAULT_OPTIONS,
      dataDir: copy,
      onFault: ({ key, reason }) => faults.push(`${key}: ${reason}`),
    });
  } catch (error) {
    const { message } = error as Error;
    return message.includes(copy) ? 'refused' : `WRONG: refused without a sentence: ${message}`;
  }
  try {
    const held = await contentOf(store, nowMs);
    for (const [name, text] of held)
      if (content.get(name) !== text) return `WRONG: ${name}: ${text} instead of ${content.get(name)}`;
    const found = await store.labs('', 1e6, nowMs);
    if (found.join() !== labs.join()) return `WRONG: ${found.length} labs instead of ${labs.length}`;
    const left = [...content.keys()].filter((name) => !held.has(name));
    if (left.length > 0 && faults.length === 0) return `WRONG: ${left[0]} is left out without a word`;
    return faults.length > 0 ? 'fault' : 'right';
  } catch (error) {
    return `WRONG: a read failed: ${(error as Error).message}`;
  } finally {
    await store.close();
  }
}
