// `npm run build`: a check of all types, then the page itself.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSite } from './build-site.js';
import { FOLDER, inputs, isStamped, stamp } from './build-stamp.js';

const TYPES_FILE = join(FOLDER, '..', 'client', 'src', 'generated', 'open-api.ts');

const content = createHash('sha256').update(readFileSync(TYPES_FILE)).update(inputs()).digest('hex');
if (!isStamped('types', content)) {
  checkTypes('tsconfig.json');
  checkTypes('tsconfig.test.json');
  stamp('types', content);
}
await buildSite();

/** @param {string} project */
function checkTypes(project) {
  const tsc = join(FOLDER, '..', '..', 'node_modules', '.bin', 'tsc');
  const { status } = spawnSync(tsc, ['-p', project], { cwd: FOLDER, stdio: 'inherit' });
  // What it found stands above.
  if (status !== 0) process.exit(status ?? 1);
}
