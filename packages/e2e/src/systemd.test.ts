import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const UNIT = fileURLToPath(new URL('../../../docs/systemd/humtemp.service', import.meta.url));

test('systemd finds nothing wrong with the unit', (t) => {
  const { error, status, stderr } = spawnSync('systemd-analyze', ['verify', UNIT], { encoding: 'utf8' });
  if (error !== undefined) {
    t.skip('this machine has no systemd-analyze');
    return;
  }
  const about = stderr.split('\n').filter((line) => line.includes('humtemp'));
  assert.deepEqual([status, about], [0, []], stderr);
});
