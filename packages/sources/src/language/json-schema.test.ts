import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { presetTexts } from '../presets.js';
import { jsonSchema } from './json-schema.js';

test('the published JSON Schema is the one that the code declares (npm run schema), and takes every preset', () => {
  const published = readFileSync(new URL('../../../../docs/sources.schema.json', import.meta.url), 'utf8');
  assert.deepEqual(JSON.parse(published), JSON.parse(jsonSchema()));
  const check = new Ajv({ strict: false }).compile(JSON.parse(published) as object);
  for (const [name, text] of presetTexts())
    assert.ok(check(parse(text)), `${name}: ${JSON.stringify(check.errors)}`);
  assert.equal(check({ sources: { a: { topik: 'x' } } }), false);
});
