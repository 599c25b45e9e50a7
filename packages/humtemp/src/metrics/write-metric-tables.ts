/** Writes the tables of metrics into the documents that are named as arguments. */
import { readFileSync, writeFileSync } from 'node:fs';
import { withMetricTables } from './metric-table.js';

for (const file of process.argv.slice(2)) {
  const before = readFileSync(file, 'utf8');
  const after = await withMetricTables(before);
  if (after !== before) writeFileSync(file, after);
}
