import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Progress, type Status, statusLine } from './progress.js';

const STATUS: Status = { sent: 12_000, done: 11_000, inFlight: 1000 };

test('the status line says how far it is and how long it takes', () => {
  assert.equal(
    statusLine({ ...STATUS, total: 18_673, rejected: 3 }, 1000),
    '58 % · 1,000/s · 12,000 sent · 11,000 acknowledged · 3 rejected · 1,000 in flight · 8 s left',
  );
  assert.match(statusLine({ ...STATUS, total: 1_000_000 }, 1000), /16:29 min left$/);
  assert.match(statusLine({ ...STATUS, total: 100_000_000 }, 1000), /27:46 h left$/);
});

test('it shows what it knows and nothing else', () => {
  assert.equal(statusLine(STATUS, 0.34), '0.3/s · 12,000 sent · 11,000 acknowledged · 1,000 in flight');
});

test('trouble comes first', () => {
  assert.match(
    statusLine({ ...STATUS, downReason: 'ECONNREFUSED' }, 0),
    /^no connection \(ECONNREFUSED\) · /,
  );
  assert.match(statusLine({ ...STATUS, behindS: 12.4 }, 0), / · 12 s behind$/);
});

test('not all is never 100 %', () => {
  assert.match(statusLine({ ...STATUS, done: 9999, total: 10_000 }, 1), /^99 % /);
  assert.match(statusLine({ ...STATUS, done: 10_000, total: 10_000 }, 1), /^100 % /);
});

test('a terminal gets one line, rewritten at most ten times a second, cut to its width and cleared', async () => {
  const written: string[] = [];
  const progress = new Progress(
    { isTTY: true, columns: 40, write: (text) => written.push(text) },
    () => STATUS,
  );
  await delay(350);
  progress.stop();
  assert.ok(written.length >= 2 && written.length <= 4, `${written.length} writes`);
  for (const text of written) {
    assert.ok(text.startsWith('\r\u001b[2K') && !text.includes('\n'));
    assert.ok(text.length - '\r\u001b[2K'.length < 40);
  }
  assert.equal(written.at(-1), '\r\u001b[2K');
});

test('anything else gets nothing', async () => {
  const progress = new Progress({ write: () => assert.fail('written') }, () => STATUS);
  await delay(150);
  progress.stop();
});
