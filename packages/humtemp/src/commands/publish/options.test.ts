import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import { parseReplayArguments, parseSimulateArguments } from './options.js';

function replayRefused(argv: string[], message: RegExp): void {
  assert.throws(() => parseReplayArguments(argv), { name: 'StartError', message });
}

function simulateRefused(argv: string[], message: RegExp): void {
  assert.throws(() => parseSimulateArguments(argv), { name: 'StartError', message });
}

test('replay takes a file; everything else has a default', () => {
  const { topic, ...options } = parseReplayArguments(['rows.csv']);
  assert.equal(topic.pattern, 'labs/+/observation');
  assert.deepEqual(options, {
    file: 'rows.csv',
    form: { columns: undefined, lab: undefined, timeUnit: undefined, unit: undefined },
    url: 'mqtt://127.0.0.1:1883',
    api: 'http://127.0.0.1:8000',
    token: undefined,
    qos: 1,
    json: false,
    shiftToMs: undefined,
    ratePerS: undefined,
  });
});

test('--shift-to is now, Unix seconds or RFC 3339', () => {
  const target = (text: string): unknown => parseReplayArguments(['rows.csv', '--shift-to', text]).shiftToMs;
  assert.equal(target('now'), 'now');
  assert.equal(target('1790000000'), 1790000000_000);
  assert.equal(target('1970-01-01T01:00:00+01:00'), 0);
  replayRefused(['rows.csv', '--shift-to', 'yesterday'], /^--shift-to yesterday: expected now, Unix seconds/);
});

test('simulate has a default for everything', () => {
  const { labs, intervalS, speed, durationS, seed, qos } = parseSimulateArguments([]);
  assert.deepEqual([labs, intervalS, speed, durationS, seed, qos], [10, 30, 1, undefined, 1, 1]);
});

test('simulate takes durations in words', () => {
  const { intervalS, durationS } = parseSimulateArguments(['--interval', '0.5', '--duration', '5m']);
  assert.deepEqual([intervalS, durationS], [0.5, 300]);
});

test('a bad option is named with its value and what was expected', () => {
  replayRefused([], /^which file\? humtemp replay FILE.csv$/);
  replayRefused(['a.csv', 'b.csv'], /^one file at a time: a.csv or b.csv$/);
  replayRefused(['a.csv', '--rate', '0'], /^--rate 0: expected a number from 0.001/);
  replayRefused(['a.csv', '--columns', 'lab=x'], /^--columns lab=x: expected a list such as lab_id=room/);
  replayRefused(['a.csv', '--unit', 'R'], /^--unit R: expected one of C, F, K$/);
  replayRefused(['a.csv', '--qos', '2'], /^--qos 2: expected 0 or 1$/);
  replayRefused(['a.csv', '--url', 'localhost:1883'], /^--url localhost:1883: expected mqtt:\/\//);
  replayRefused(['a.csv', '--api', 'localhost'], /^--api localhost: expected http:\/\//);
  replayRefused(['a.csv', '--topic', 'labs/observation'], /^--topic labs\/observation: expected/);
  replayRefused(
    ['a.csv', '--speed', '2'],
    /^--speed: no such option; humtemp replay --help lists the options$/,
  );
  replayRefused(['a.csv', '--rate'], /^--rate: expected a value; humtemp replay --help/);
  replayRefused(
    ['a.csv', '--rate', '-5'],
    /^--rate: expected a value; one that begins with - is written --rate=VALUE;/,
  );
  replayRefused(['a.csv', '--json=1'], /^--json: expected no value; humtemp replay --help/);
  replayRefused(['a.csv', '-x'], /^-x: no such option; humtemp replay --help/);
  simulateRefused(['rows.csv'], /^simulate takes options only, not rows.csv$/);
  simulateRefused(['--labs', '1.5'], /^--labs 1.5: expected a whole number from 1 to 100000$/);
  simulateRefused(['--interval', '0'], /^--interval 0: expected a duration/);
  simulateRefused(['--interval', '30', '--speed', '40000'], /^--speed 40000: expected at most 30000/);
  simulateRefused(['--topic', 'labs/+/+'], /^--topic labs\/\+\/\+: expected a single \+/);
});

test('--token-file is a file whose first line is a token', async (t) => {
  const folder = await temporaryFolder('humtemp-options');
  t.after(() => folder.remove());
  const file = join(folder.path, 'token');
  for (const [content, token] of [
    ['humtemp_a-B_9\n', 'humtemp_a-B_9'],
    ['abc~+/.==\r\nnot this', 'abc~+/.=='],
  ] as const) {
    await writeFile(file, content);
    assert.equal(parseReplayArguments(['rows.csv', '--token-file', file]).token, token);
    assert.equal(parseSimulateArguments(['--token-file', file]).token, token);
  }
  for (const content of ['', '\n', 'two words\n', 'ü\n']) {
    await writeFile(file, content);
    replayRefused(['a.csv', '--token-file', file], /^--token-file .*token: expected a file whose first line/);
  }
  replayRefused(['a.csv', '--token-file', `${file}.none`], /^cannot read .*token.none: ENOENT/);
});

test('a password is not repeated in a message', () => {
  for (const password of ['100%secret', 'a/secret', '1#secret'])
    replayRefused(
      ['a.csv', '--url', `mqtt://me:${password}@broker`],
      /^--url mqtt:\/\/me:…@broker: expected/,
    );
  replayRefused(['a.csv', '--api', 'http://:secret@api'], /^--api http:\/\/:…@api: expected/);
  replayRefused(['a.csv', '--url', 'http://me:secret@broker'], /^--url http:\/\/me:…@broker: expected/);
});
