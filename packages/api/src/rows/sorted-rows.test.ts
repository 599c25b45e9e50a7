import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { byLab, jsonOfRows, mergedRows } from './sorted-rows.js';

test('rows of all pages come in the order of their labs, as JSON.stringify writes them', async () => {
  const names = fc.uniqueArray(fc.string({ maxLength: 4 }), { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(names, fc.integer({ min: 1, max: 20 }), async (labs, pageRows) => {
      const rows = labs.map((lab_id, i) => ({ lab_id, i }));
      const pages: (typeof rows)[] = [];
      for (let i = 0; i < rows.length; i += pageRows) pages.push(rows.slice(i, i + pageRows).sort(byLab));
      const sorted = rows.toSorted((a, b) => (a.lab_id < b.lab_id ? -1 : 1));
      assert.deepEqual(await mergedRows(pages), sorted);
      assert.equal(await jsonOfRows(sorted), JSON.stringify(sorted));
    }),
    { numRuns: 100 },
  );
});

test('twenty thousand rows, too', async () => {
  const rows = Array.from({ length: 20_001 }, (_, i) => ({ lab_id: `lab-${(i * 7919) % 20_001}` }));
  const sorted = rows.toSorted((a, b) => (a.lab_id < b.lab_id ? -1 : 1));
  const pages = Array.from({ length: 41 }, (_, i) => rows.slice(i * 500, (i + 1) * 500).sort(byLab));
  assert.deepEqual(await mergedRows(pages), sorted);
  assert.equal(await jsonOfRows(sorted), JSON.stringify(sorted));
});
