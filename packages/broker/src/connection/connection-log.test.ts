import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LogLines } from '../broker.fixture.js';
import { ConnectionLog } from './connection-log.js';

function openLog() {
  const written = new LogLines();
  const clock = { nowMs: 0 };
  const log = new ConnectionLog(written.logger, () => clock.nowMs);
  return { written, clock, log };
}

describe('the log of connections', () => {
  test('says the same of the same address once a minute, and then how often it did not', () => {
    const { written, clock, log } = openLog();
    for (let i = 0; i < 100; i++) log.warn('connection ended', { address: 'x' }, `a frame of ${i} bytes`);
    log.warn('connection ended', { address: 'y', client: 'c' }, 'a frame of 3 bytes');
    log.warn('connection ended', { address: 'x' }, 'HTTP');
    assert.deepEqual(
      written.lines.map(({ address, client, reason, more }) => [address, client, reason, more]),
      [
        ['x', undefined, 'a frame of 0 bytes', undefined],
        ['y', 'c', 'a frame of 3 bytes', undefined],
        ['x', undefined, 'HTTP', undefined],
      ],
    );
    clock.nowMs = 60_000;
    log.sweep();
    assert.deepEqual(
      written.lines.slice(3).map(({ address, reason, more }) => [address, reason, more]),
      [['x', 'a frame of 0 bytes', 99]],
    );
    log.warn('connection ended', { address: 'x' }, 'a frame of 7 bytes');
    assert.equal(written.lines.length, 5);
    log.close();
  });

  test('is bounded, from however many addresses it comes', () => {
    const { written, log } = openLog();
    for (let i = 0; i < 100_000; i++) log.warn('connection refused', { address: `${i}` }, 'HTTP');
    assert.ok(written.lines.length <= 1001, `${written.lines.length} lines`);
    log.close();
    assert.equal(written.lines.at(-1)?.more, 100_000 - 1001);
  });

  test('cuts what a client says of itself', () => {
    const { written, log } = openLog();
    log.warn('m', { address: 'a', client: 'x'.repeat(60_000) }, 'y'.repeat(60_000));
    assert.ok(JSON.stringify(written.lines).length < 1000);
    log.close();
  });
});
