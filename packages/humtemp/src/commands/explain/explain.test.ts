import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import { StartError } from '../../start-error.js';
import { explained } from './command.js';
import { parseExplainArguments } from './options.js';

test('explain shows what a preset makes of a payload', () => {
  const text = explained(
    { source: 'zigbee2mqtt', file: undefined },
    'zigbee2mqtt/Cold room 2',
    Buffer.from('{"temperature":4.1,"humidity":61}'),
  );
  assert.match(text, /^counted\n {2}lab Cold\.20room\.202: 4\.1 °C, 61 %RH, at receipt\n/);
});

test('explain reads the sources of a file, and names those there are', async (t) => {
  const folder = await temporaryFolder('explain-test');
  t.after(() => folder.remove());
  const file = join(folder.path, 'sources.yaml');
  await writeFile(file, 'sources:\n  own: { topic: "own/{lab}", temp: t }\n');
  assert.match(explained({ source: 'own', file }, 'own/a', Buffer.from('{"t":20}')), /lab a: 20 °C/);
  assert.throws(
    () => explained({ source: 'none', file }, 'own/a', Buffer.from('{}')),
    (error: Error) =>
      error instanceof StartError && /no source none; there are own, airgradient/.test(error.message),
  );
  await writeFile(file, 'sources:\n  own: { topik: "own/{lab}" }\n');
  assert.throws(() => explained({ source: 'own', file }, 'own/a', Buffer.from('{}')), /topik/);
});

test('without a source, those that read the topic explain it; where none does, a draft is shown', () => {
  const text = (topic: string, payload: string, source?: string) =>
    explained({ source, file: undefined }, topic, Buffer.from(payload));
  assert.match(text('tele/cellar/SENSOR', '{"AM2301":{"Temperature":4}}'), /^source tasmota: counted\n/);
  assert.match(
    text('site/a/env', '{"t":4}'),
    /topic: site\/\{lab\}\/env\n {6}temp: t\nwith it: counted\n {2}lab a: 4 °C/,
  );
  assert.match(text('site/a/env', 'ON'), /there is no number in the payload/);
  assert.match(text('labs/a/observation', '{}'), /our own form/);
  assert.match(text('tele/cellar/SENSOR', '{}', 'shelly'), /the topic is one of tasmota$/);
});

test('explain takes a topic or a broker, and says what is missing', () => {
  const parse = (...argv: string[]) => parseExplainArguments(argv);
  assert.deepEqual(parse('--source', 'z', '--topic', 't', '--hex', '7b7d').payload, Buffer.from('{}'));
  assert.equal(parse('--source', 'z', '--broker', 'mqtt://127.0.0.1', '--for', '2m').listenS, 120);
  for (const [argv, expected] of [
    [['--source', 'z'], /either --topic and a payload, or --broker/],
    [['--source', 'z', '--topic', 't', '{"a":1,', '"b":2}'], /put it in quotes/],
    [['--source', 'z', '--topic', 't', '--hex', 'xyz'], /pairs of hexadecimal digits/],
    [['--source', 'z', '--broker', 'http://x'], /--broker: expected/],
    [['--source', 'z', '--broker', 'mqtt://x', '--for', 'long'], /--for: expected/],
  ] as const)
    assert.throws(() => parse(...argv), expected);
});
