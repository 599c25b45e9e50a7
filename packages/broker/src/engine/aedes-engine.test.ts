import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('../../src', import.meta.url));

test('only the engine knows more of aedes than its types', () => {
  const files = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts'),
  );
  const knowing = files.filter((file) => {
    const text = readFileSync(`${SOURCE}/${file}`, 'utf8');
    return /^import (?!type )[^;]*from 'aedes'/m.test(text) || /\b(client)?internalsOf\(/i.test(text);
  });
  assert.deepEqual(knowing.sort(), ['engine/aedes-engine.ts', 'engine/aedes-internals.ts']);
});
