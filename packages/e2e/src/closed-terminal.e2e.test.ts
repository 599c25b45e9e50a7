import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort, temporaryFolder } from '@humtemp/test-services';
import { COMMAND } from './humtemp-process.js';

const SCRIPT = fileURLToPath(new URL('../src/closed-terminal.py', import.meta.url));
const ANSWER_MS_MAX = 90_000;

const python = spawnSync('python3', ['-c', 'import pty, sys; sys.exit(sys.version_info < (3, 9))']);
const skip = python.status === 0 ? false : 'there is no python3, 3.9 or later, with terminals';

test('SIGHUP reads files again; when its terminal is closed, the process stops and leaves nothing behind', {
  skip,
}, async () => {
  const folder = await temporaryFolder();
  try {
    const env = {
      PATH: process.env.PATH,
      HUMTEMP_MQTT_PORT: `${await freePort()}`,
      HUMTEMP_API_PORT: `${await freePort()}`,
      HUMTEMP_DATA_DIR: folder.path,
    };
    // Twice: the ports and the folder are free again.
    for (let round = 1; round <= 2; round++) {
      const { stdout } = await promisify(execFile)('python3', [SCRIPT, process.execPath, COMMAND, 'start'], {
        env,
        timeout: ANSWER_MS_MAX,
      });
      const { lives_on, signal } = JSON.parse(stdout) as { lives_on: boolean; signal: number | null };
      assert.deepEqual([lives_on, signal], [true, constants.signals.SIGHUP], stdout);
    }
  } finally {
    await folder.remove();
  }
});
