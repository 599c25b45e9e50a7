import assert from 'node:assert/strict';
import { copyFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import { FRAME_BYTES, framedLength } from './journal-frame.js';
import { journalEntries } from './journal-reader.js';
import { JournalWriter } from './journal-writer.js';

const FOLDER = 7;
/** Longer than the zeros that are there before it, and so long that nothing but its end stands in its last 64 bytes. */
const LONG = 64 * 4000;

test('a journal that a full disk has cut off anywhere in its last record is read up to there', async () => {
  const folder = await temporaryFolder('journal');
  try {
    const path = join(folder.path, 'journal-1');
    const writer = await JournalWriter.create(path, FOLDER, 1);
    await writer.append(5, 1, 10, (bytes) => bytes.fill(1));
    const begins = writer.bytes;
    await writer.append(5, 2, LONG, (bytes) => bytes.fill(2));
    const ends = writer.bytes;
    await writer.close();
    const copy = join(folder.path, 'copy');
    const whole = begins + FRAME_BYTES + LONG;
    assert.deepEqual([ends - whole, ends - begins], [FRAME_BYTES, framedLength(LONG)]);
    for (const size of [ends, ends - 1, whole + 1, whole, whole - 1, whole - 1000]) {
      copyFileSync(path, copy);
      truncateSync(copy, size);
      const numbers = [...journalEntries(copy, FOLDER, { number: 1, first: 1 })].map(({ number }) => number);
      assert.deepEqual(numbers, size >= whole ? [1, 2] : [1], `${ends - size} bytes of ${ends} are missing`);
    }
  } finally {
    await folder.remove();
  }
});
