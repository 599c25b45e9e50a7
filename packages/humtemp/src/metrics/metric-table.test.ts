import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withMetricTables } from './metric-table.js';

const DOCUMENT = new URL('../../../../docs/monitoring.md', import.meta.url);

test('the tables of metrics are those that the code declares (npm run tables)', async () => {
  const document = readFileSync(DOCUMENT, 'utf8');
  for (const which of ['process', 'fleet', 'labs'])
    assert.ok(document.includes(`<!-- metrics: ${which} -->`));
  assert.equal(document, await withMetricTables(document));
});

test('a table of metrics that are not there is refused', async () => {
  await assert.rejects(withMetricTables('<!-- metrics: moon -->\n<!-- /metrics -->'), RangeError);
});
