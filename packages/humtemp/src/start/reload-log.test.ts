import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { logReload } from './reload-log.js';

test('accounts that have changed are said, and a file that was emptied is a warning', () => {
  const lines: { level: number; msg: string; accounts: number }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  logReload(log, 'accounts', 'accounts', 2);
  logReload(log, 'accounts', 'accounts', 0);
  assert.deepEqual(
    lines.map(({ level, accounts }) => [level, accounts]),
    [
      [30, 2],
      [40, 0],
    ],
  );
  assert.match(lines[1]!.msg, /no accounts any more: nobody gets in/);
});
