import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { test } from 'node:test';
import { until } from '@humtemp/test-services';
import { LogSink } from './log-sink.js';

/** A sink whose output takes so many bytes, and what it has taken. */
function openSink() {
  const state = { room: Number.POSITIVE_INFINITY, written: '' };
  const sink = new LogSink({
    write: (bytes) => {
      if (state.room === 0) throw new Error('ENOSPC');
      const piece = bytes.subarray(0, state.room);
      state.room -= piece.length;
      state.written += piece.toString();
      return piece.length;
    },
    lostLine: (lines) => `${lines} lost\n`,
  });
  return { sink, state };
}

test('lines that cannot be written wait, whole and in order', () => {
  const { sink, state } = openSink();
  sink.write('one\n');
  state.room = 2;
  sink.write('two\n');
  sink.write('three\n');
  assert.equal(state.written, 'one\ntw');
  state.room = Number.POSITIVE_INFINITY;
  sink.write('four\n');
  assert.equal(state.written, 'one\ntwo\nthree\nfour\n');
  assert.equal(sink.lost, 0);
});

test('what finds no room for long is lost and counted, and a line says so once there is room', () => {
  const { sink, state } = openSink();
  state.room = 0;
  const line = `${'x'.repeat(1023)}\n`;
  for (let i = 0; i < 300; i++) sink.write(line);
  assert.equal(sink.lost, 300 - 256);
  assert.equal(state.written, '');
  state.room = Number.POSITIVE_INFINITY;
  sink.write('again\n');
  const lines = state.written.split('\n');
  assert.deepEqual([lines.length, lines[256], lines[257]], [259, '44 lost', 'again']);
  sink.write('and again\n');
  assert.ok(state.written.endsWith('44 lost\nagain\nand again\n'));
});

test('there is a try without a further line', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { sink, state } = openSink();
  state.room = 0;
  sink.write('one\n');
  t.mock.timers.tick(1000);
  state.room = 100;
  t.mock.timers.tick(1000);
  assert.equal(state.written, 'one\n');
});

/** A process that logs more than a pipe holds, then says on its standard output that it goes on. */
const PROGRAM = `
  import { writeSync } from 'node:fs';
  import { openLog } from ${JSON.stringify(new URL(`log${import.meta.url.slice(-3)}`, import.meta.url).href)};
  const log = await openLog('info');
  process.stdout.on('error', () => {});
  for (let i = 0; i < 20000; i++) log.info('x'.repeat(50));
  process.stdout.write('greeting');
  setTimeout(() => { writeSync(3, 'goes on'); }, 50);
`;

const OUTPUTS: Readonly<Record<string, () => number | 'pipe' | undefined>> = {
  'a full disk': () => openSync('/dev/full', 'w'),
  'a pipe that nobody reads': () => 'pipe',
  'a descriptor that is not open': () => openSync('/dev/null', 'r'),
};

for (const [name, open] of Object.entries(OUTPUTS))
  test(`a process goes on with its log and its standard output on ${name}`, async () => {
    const output = open();
    const child = spawn(process.execPath, [...process.execArgv, '--input-type=module', '--eval', PROGRAM], {
      stdio: ['ignore', output, output, 'pipe'],
    });
    let said = '';
    child.stdio[3]!.on('data', (data: Buffer) => {
      said += data.toString();
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    await until(() => said === 'goes on');
    child.stdout?.destroy();
    child.stderr?.destroy();
    assert.equal(await exited, 0);
    if (typeof output === 'number') closeSync(output);
  });
