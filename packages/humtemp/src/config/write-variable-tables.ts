/** Writes the tables of variables into the documents that are named as arguments. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withVariableTables } from './variable-tables.js';

for (const file of process.argv.slice(2)) {
  const before = readFileSync(file, 'utf8');
  const after = withVariableTables(before);
  if (after !== before) writeFileSync(file, after);
}
