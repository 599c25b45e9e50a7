import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { memoryFolder } from '@humtemp/test-services';
import { DAMAGES, type Damage, damageTrial, intactFolder } from './damage.js';

const HELP = `Damages every file of an embedded store at many places, one at a time, and looks at what it answers then.

Usage: npm run disk-damage -- [--places 40] [--batches 120]
`;

const { values } = parseArgs({
  options: {
    places: { type: 'string', default: '40' },
    batches: { type: 'string', default: '120' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}

const places = Number(values.places);
const folder = memoryFolder('humtemp-disk-damage');
const table = new Map<string, Map<string, number>>();
let trials = 0;
let wrong = 0;
for (const isClosed of [false, true]) {
  const intact = await intactFolder(folder.path, Number(values.batches), isClosed);
  for (const file of readdirSync(intact.folder)) {
    const { size } = statSync(join(intact.folder, file));
    const kind = `${file.replace(/-\d+$/, '')}, ${isClosed ? 'closed' : 'killed'}`;
    const row = table.get(kind) ?? new Map<string, number>();
    table.set(kind, row);
    const damages: Damage[] = [...(Object.keys(DAMAGES) as Damage[]), 'cut'];
    const all: [Damage, number][] = [
      ['removed', 0],
      ['longer', 0],
    ];
    for (const damage of damages)
      for (let i = 0; i < places; i++) {
        // The first and the last bytes, and others evenly between them.
        const at =
          i < 5 ? i * 7 : i < 10 ? size - 1 - (i - 5) * 9 : Math.floor((size * (i - 9.5)) / (places - 10));
        if (at >= 0 && at < size) all.push([damage, at]);
      }
    for (const [damage, at] of all) {
      const outcome = await damageTrial(intact, join(folder.path, 'copy'), file, damage, at);
      trials += 1;
      const column = outcome.startsWith('WRONG') ? 'WRONG' : outcome;
      row.set(column, (row.get(column) ?? 0) + 1);
      if (column !== 'WRONG') continue;
      wrong += 1;
      process.stdout.write(`${kind}, ${file}: ${damage} at ${at} of ${size}: ${outcome.slice(0, 300)}\n`);
    }
  }
}
process.stdout.write('\n| file | right | fault counted | start refused | wrong |\n|---|---|---|---|---|\n');
for (const [kind, row] of table)
  process.stdout.write(
    `| ${kind} | ${['right', 'fault', 'refused', 'WRONG'].map((column) => row.get(column) ?? 0).join(' | ')} |\n`,
  );
process.stdout.write(`\n${trials} damages, ${wrong} wrong\n`);
folder.remove();
process.exitCode = wrong === 0 ? 0 : 1;
