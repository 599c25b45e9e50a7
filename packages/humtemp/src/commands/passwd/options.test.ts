import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StartError } from '../../start-error.js';
import { parsePasswdArguments } from './options.js';

test('what is to be done with which account', () => {
  for (const [argv, options] of [
    [['f', 'anna'], { action: 'set', file: 'f', username: 'anna', iterations: 20_000 }],
    [['f', 'anna', '--iterations', '101'], { action: 'set', file: 'f', username: 'anna', iterations: 101 }],
    [['--delete', 'f', 'lab/1'], { action: 'delete', file: 'f', username: 'lab/1' }],
    [['f', '--verify', 'two words'], { action: 'verify', file: 'f', username: 'two words' }],
    [['--', 'f', '--list'], { action: 'set', file: 'f', username: '--list', iterations: 20_000 }],
    [['f', '--list'], { action: 'list', file: 'f' }],
  ] as const)
    assert.deepEqual(parsePasswdArguments(argv), options);
});

test('what is wrong is said, with what was expected', () => {
  for (const [argv, message] of [
    [[], /^which file\?/],
    [['f'], /^which user\?/],
    [['f', 'anna', 'bert'], /^one user at a time: anna or bert/],
    [['f', 'anna', '--list'], /^--list takes a file only, not anna/],
    [['f', 'anna', '--list', '--verify'], /^--verify or --list: expected one of them/],
    [['f', 'anna', '--delete', '--iterations', '200'], /^--iterations and --delete: expected one of them/],
    [
      ['f', 'anna', '--password', 'x'],
      /^--password: no such option; humtemp passwd --help lists the options/,
    ],
    [['f', 'anna', '--iterations', '100'], /^--iterations 100: expected a whole number from 101 to 1000000/],
    [['f', 'anna', '--iterations', '1000001'], /^--iterations 1000001: expected/],
    [['f', 'anna', '--iterations', '1e3'], /^--iterations 1e3: expected/],
    [['f', 'an:na'], /^"an:na": expected a username without a colon/],
    [['f', 'an\nna'], /^"an\\nna": expected a username without control characters/],
    [['f', 'a'.repeat(65_536)], /^"a{100}": expected a username of at most 65535 bytes/],
    [['f', ''], /^"": expected a username of at least one character/],
  ] as const)
    assert.throws(
      () => parsePasswdArguments(argv),
      (error) => error instanceof StartError && message.test(error.message),
      String(message),
    );
});
