import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder } from '@humtemp/test-services';
import { type Damage, damageTrial, intactFolder } from './damage.js';
import { compileFailingDisk } from './failing-disk.js';
import { checkLeft, type DiskFault, runWriter } from './fault-run.js';

/** The campaigns by hand: `npm run disk-faults`, `npm run disk-damage`. */

let folder: ReturnType<typeof memoryFolder>;
let compiled: Awaited<ReturnType<typeof compileFailingDisk>>;

before(async () => {
  folder = memoryFolder('humtemp-disk-faults');
  compiled = await compileFailingDisk(folder.path);
});

after(() => folder.remove());

const FAULTS: readonly DiskFault[] = [
  { call: 'write', at: 40, mode: 'once', error: 'EIO' },
  { call: 'write', at: 60, mode: 'short', error: 'ENOSPC' },
  { call: 'any', at: 70, mode: 'forever', error: 'EROFS' },
  { call: 'sync', at: 25, mode: 'once', error: 'EIO' },
  { call: 'rename', at: 9, mode: 'forever', error: 'EDQUOT' },
];

for (const fault of FAULTS)
  test(`when the disk refuses a ${fault.call} ${fault.mode} with ${fault.error}, what was acknowledged is there once`, async (context) => {
    if ('reason' in compiled) {
      context.skip(compiled.reason);
      return;
    }
    const baseMs = Math.floor(Date.now() / 1000) * 1000 - 60_000;
    const data = join(folder.path, `${fault.call} ${fault.at}`);
    const plan = { library: compiled.library, folder: data, baseMs, seed: 5 };
    const run = await runWriter({ ...plan, first: 0, last: 45, killAfter: 40, fault });
    assert.ok(run.hit, run.log);
    assert.deepEqual(run.wrong, [], run.log);
    assert.ok(run.wasKilled || /(refused|fatal): /.test(run.log), `it ended by itself: ${run.log}`);
    if (run.failed > 0) assert.match(run.log, /warning: .*(EIO|ENOSPC|EROFS|EDQUOT)/);
    assert.equal(await checkLeft(data, plan, run), undefined);
  });

test('a folder with a damaged file is refused with a sentence, or answers leave out what is damaged', async () => {
  const intact = await intactFolder(folder.path, 25, false);
  const wrong: string[] = [];
  for (const file of readdirSync(intact.folder)) {
    const { size } = statSync(join(intact.folder, file));
    const damages: [Damage, number][] = [
      ['removed', 0],
      ['cut', size >> 1],
      ['noise', Math.floor(size / 3)],
      ['flip', size - 1],
    ];
    for (const [damage, at] of damages) {
      const outcome = await damageTrial(intact, join(folder.path, 'copy'), file, damage, at);
      if (outcome.startsWith('WRONG')) wrong.push(`${file}: ${damage} at ${at} of ${size}: ${outcome}`);
    }
  }
  assert.deepEqual(wrong, []);
});
