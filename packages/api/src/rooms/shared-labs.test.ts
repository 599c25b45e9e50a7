import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SharedText } from '@humtemp/bucket-core';
import { temporaryFolder } from '@humtemp/test-services';
import { LabsFile } from './labs-file.js';
import { SharedLabs } from './shared-labs.js';

/** What all processes of a store have in common. */
class Shelf {
  text: SharedText | undefined;
  isOutOfReach = false;

  async share(_name: string, text: string): Promise<void> {
    if (this.isOutOfReach) throw new Error('out of reach');
    this.text = { version: `${text.length} ${text}`, text };
  }

  async shared(_name: string, known?: string) {
    if (this.isOutOfReach) throw new Error('out of reach');
    return this.text !== undefined && this.text.version === known ? ('unchanged' as const) : this.text;
  }
}

test('a process without the labs file says what the one with it says, also when that changes', async (t) => {
  const folder = await temporaryFolder('shared-labs-test');
  t.after(() => folder.remove());
  const path = join(folder.path, 'labs.csv');
  await writeFile(path, 'lab_id,name\na,Cold room\n');
  const store = new Shelf();
  const file = await LabsFile.open({ file: path });
  const [one, other] = [new SharedLabs({ store, file }), new SharedLabs({ store, file: undefined })];
  t.after(() => {
    one.close();
    other.close();
  });
  await other.exchange();
  assert.equal(other.current.size, 0);
  await one.exchange();
  await other.exchange();
  assert.equal(other.current.of('a').name, 'Cold room');
  await writeFile(path, 'lab_id,name\na,Warm room\nb,Hall\n');
  await one.reload();
  store.isOutOfReach = true;
  await other.exchange();
  assert.equal(other.current.of('a').name, 'Cold room');
  store.isOutOfReach = false;
  await other.exchange();
  assert.deepEqual([other.current.of('a').name, other.current.size], ['Warm room', 2]);
});

test('a shared text that is not understood leaves what was there, and is reported once', async (t) => {
  const store = new Shelf();
  const errors: string[] = [];
  const labs = new SharedLabs({ store, file: undefined, onError: ({ message }) => errors.push(message) });
  t.after(() => labs.close());
  await store.share('labs', 'lab_id,name\na,Cold room\n');
  await labs.exchange();
  await store.share('labs', 'lab_id,colour\na,red\n');
  await labs.exchange();
  await labs.exchange();
  assert.equal(labs.current.of('a').name, 'Cold room');
  assert.equal(errors.length, 1);
  assert.match(errors[0]!, /the labs file of another process/);
});
