import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { bucketStartS, emptyCommitResult } from '../index.js';
import { batchOf, CONTRACT_GRID, CONTRACT_OPTIONS, type Row } from '../store/store-contract.fixture.js';
import { Disk } from './disk.js';
import { LabBuckets } from './lab-buckets.js';
import { bucketPages, namePages } from './lab-pages.js';

const folder = mkdtempSync(join(tmpdir(), 'humtemp-pages-'));
let serial = 0;

after(() => rmSync(folder, { recursive: true, force: true }));

const nowMs = Date.now();
const primary = CONTRACT_GRID.resolutions[0]!;
const startS = bucketStartS(nowMs, primary.durationS, CONTRACT_GRID.alignmentS);

/** Labs in memory and on a disk, to which things happen one by one. */
class Labs {
  readonly disk = new Disk(join(folder, `${serial++}`));
  readonly buckets = new LabBuckets(this.disk, { ...CONTRACT_OPTIONS, labsMax: 1e6 });
  readonly names = new Set<string>();
  #record = 0;

  commit(labs: readonly string[], agoS = 0): void {
    const rows = labs.map((lab): Row => [lab, agoS + this.#record / 1000, 20_000, 50_000]);
    const { rowsByLab } = batchOf(rows, nowMs);
    this.#record += 1;
    this.buckets.apply(this.buckets.prepare({ nowMs, rowsByLab }, this.#record), emptyCommitResult());
    for (const lab of labs) this.names.add(lab);
  }

  /** Saves so many labs, and lets go of all that rest. */
  async save(count: number): Promise<void> {
    const { memory } = this.buckets;
    const states = memory.oldest(Number.MAX_SAFE_INTEGER).slice(0, count);
    await this.disk.write(() => {
      for (const state of states) this.buckets.save(state, this.#record);
    });
    for (const state of states) memory.rest(state, this.#record);
    memory.shrink(0);
  }
}

const nameOf = (i: number) => `${'qcx'[i % 3]}/${i}`;
const namesArbitrary = (max: number) =>
  fc
    .record({ first: fc.integer({ min: 0, max: 5000 }), count: fc.integer({ min: 0, max }) })
    .map(({ first, count }) => Array.from({ length: count }, (_, i) => nameOf(first + i)));

const stepArbitrary = fc.oneof(
  fc.record({ commit: namesArbitrary(400) }),
  fc.record({ save: fc.constantFrom(1, 300, 5000, 100_000) }),
);

test('every lab of a bucket, and every name, comes once, whatever happens between the pages', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(namesArbitrary(5000), namesArbitrary(5000), namesArbitrary(500)),
      fc.array(stepArbitrary, { maxLength: 30 }),
      fc.array(stepArbitrary, { maxLength: 10 }),
      fc.constantFrom(1, 600, 100_000),
      async ([saved, unsaved, others], whileBuckets, whileNames, pageNames) => {
        const labs = new Labs();
        const happens = async (step: (typeof whileBuckets)[number] | undefined) => {
          if (step === undefined) return;
          if ('commit' in step) labs.commit(step.commit);
          else await labs.save(step.save);
        };
        labs.commit(saved);
        await labs.save(Number.POSITIVE_INFINITY);
        labs.commit(others, 2 * primary.durationS);
        labs.commit(unsaved);
        const wanted = new Set([...saved, ...unsaved]);

        const steps = [...whileBuckets];
        const shown: string[] = [];
        for (const page of bucketPages(labs.buckets, primary, startS, true)) {
          for (const { lab, aggregate } of page) {
            assert.equal(
              aggregate.observations,
              labs.buckets.bucket(lab, primary.durationS, startS)!.observations,
            );
            shown.push(lab);
          }
          await happens(steps.shift());
        }
        assert.equal(new Set(shown).size, shown.length, 'a lab is shown twice');
        for (const lab of shown) wanted.delete(lab);
        assert.deepEqual([...wanted], [], 'labs are not shown');

        const known = new Set(labs.names);
        const nameSteps = [...whileNames];
        const names: string[] = [];
        for (const page of namePages(labs.buckets, '', pageNames, nowMs)) {
          names.push(...page);
          await happens(nameSteps.shift());
          if (names.length > pageNames) break;
        }
        assert.deepEqual(names, [...new Set(names)].sort());
        for (const lab of names) known.delete(lab);
        const last = names.length > pageNames ? names.at(-1)! : '~';
        assert.deepEqual(
          [...known].filter((lab) => lab <= last),
          [],
          'names are missing',
        );
        await labs.disk.close();
      },
    ),
    { numRuns: 12 },
  );
});
