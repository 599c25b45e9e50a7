import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('every measurement still runs, small', async () => {
  const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [main, '--smoke'], { timeout: 120_000 });
  for (const row of ['mqtt.js message event', 'tap, a store that counts', 'tap, Redis', 'a bare EVALSHA'])
    assert.ok(stdout.includes(row), stdout);
});
