import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EVERYTHING } from '../access/scope.js';
import { LabDirectory } from './lab-directory.js';
import { selectedLabs } from './lab-selection.js';

const KNOWN = ['a-05', 'a-10', 'a-90', 'b'];

function select(prefix: string, after: string, pageLabs: number) {
  const listed = Array.from({ length: 100 }, (_, i) => `a-${String(i).padStart(2, '0')}`);
  const directory = new LabDirectory(listed.map((pattern) => ({ pattern, settings: { group: 'all' } })));
  let looked = 0;
  const find = directory.of.bind(directory);
  directory.of = (lab) => {
    looked += 1;
    return find(lab);
  };
  const store = {
    labs: async (behind: string, limit: number) => KNOWN.filter((lab) => lab > behind).slice(0, limit),
  };
  const source = { store, scope: EVERYTHING, directory, nowMs: 0, after, pageLabs };
  return { pages: selectedLabs({ prefix, group: 'all' }, source), looked: () => looked, listed };
}

test('labs that are known or listed come in order and once, whatever the pages', async () => {
  for (const pageLabs of [1, 2, 3, 7, 1000])
    for (const after of ['', 'a-04', 'a-99', 'b']) {
      const { pages, listed } = select('a', after, pageLabs);
      const found: string[] = [];
      for await (const page of pages) found.push(...page);
      assert.deepEqual(
        found,
        listed.filter((lab) => lab > after),
        `${pageLabs} behind ${after}`,
      );
    }
});

test('a page looks at no more listed labs than it has room for', async () => {
  const { pages, looked } = select('', '', 5);
  const { value } = await pages.next();
  assert.deepEqual(value, ['a-00', 'a-01', 'a-02', 'a-03', 'a-04']);
  assert.ok(looked() <= 6, `${looked()} of 100`);
});
