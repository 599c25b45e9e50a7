import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { withVariableTables } from './variable-tables.js';
import { GROUPS } from './variables.js';

const ROOT = new URL('../../../../', import.meta.url);

const documents = [
  'README.md',
  ...readdirSync(new URL('docs/', ROOT))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

for (const name of documents)
  test(`the tables of variables in ${name} are those that the code declares (npm run tables)`, () => {
    const document = readFileSync(new URL(name, ROOT), 'utf8');
    assert.equal(document, withVariableTables(document));
  });

test('a group of variables stands in some document', () => {
  const text = documents.map((name) => readFileSync(new URL(name, ROOT), 'utf8')).join('\n');
  for (const [group, { heading }] of Object.entries(GROUPS))
    assert.match(text, new RegExp(`<!-- variables: ${group} -->`), heading);
});

test('a table of something that is not there is refused', () => {
  assert.throws(() => withVariableTables('<!-- variables: HUMTEMP_NO -->\n<!-- /variables -->'), {
    name: 'RangeError',
    message: 'there is no group and no variable HUMTEMP_NO',
  });
});
