import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readSources } from '@humtemp/sources';
import { presetNames } from '@humtemp/sources/preset-names';
import { readPresets } from '@humtemp/sources/presets';
import { temporaryFolder } from '@humtemp/test-services';
import { readConfig } from '../../config/config.js';
import { explained } from './command.js';
import { parseExplainArguments } from './options.js';

const TEXT = readFileSync(new URL('../../../../../docs/devices.md', import.meta.url), 'utf8');
const BLOCKS = [...TEXT.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, kind, body]) => ({
  kind,
  body: body!,
}));

/** The words of a command line: in single quotes or without blanks. */
function wordsOf(line: string): string[] {
  return [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain!);
}

test('every command of the page about devices prints what the page shows', async (t) => {
  const folder = await temporaryFolder('devices-document');
  t.after(() => folder.remove());
  const file = join(folder.path, 'sources.yaml');
  let commands = 0;
  for (const { kind, body } of BLOCKS) {
    if (kind === 'yaml') {
      await writeFile(file, body);
      continue;
    }
    const [command, ...shown] = body.trimEnd().split('\n');
    const [prompt, program, name, ...argv] = wordsOf(command!);
    assert.deepEqual([prompt, program, name], ['$', 'humtemp', 'explain'], command);
    const { source, topic, payload, ...options } = parseExplainArguments(argv);
    const printed = explained({ source, file: options.file && file }, topic!, payload!).split('\n');
    const isCut = shown.at(-1) === '…';
    if (isCut) shown.pop();
    assert.deepEqual(isCut ? printed.slice(0, shown.length) : printed, shown, command);
    commands += 1;
  }
  assert.ok(commands >= 18, `${commands} commands`);
});

test('every file of sources on the page about devices is right, and every variable has a value that works', () => {
  const presets = readPresets();
  for (const { kind, body } of BLOCKS) if (kind === 'yaml') readSources(body, 'devices.md', { presets });
  const named = [...TEXT.matchAll(/^ {4}HUMTEMP_SOURCES=(\S+)/gm)].map(([, value]) => value!);
  for (const value of named) readConfig({ HUMTEMP_SOURCES: value }, 'start');
  const shown = new Set(named.flatMap((value) => value.split(',')));
  assert.deepEqual([...shown].sort(), presetNames());
});
