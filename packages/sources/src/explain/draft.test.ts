import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readSources } from '../read-sources.js';
import { NOW_MS } from '../receipts.fixture.js';
import { draftSource } from './draft.js';
import { explain } from './explain.js';

function drafted(topic: string, payload: unknown) {
  const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  const draft = draftSource(topic, bytes);
  if (draft === undefined) return undefined;
  const [source] = readSources(draft.yaml, 'draft', {});
  return { ...draft, explanation: explain(source!, topic, bytes, NOW_MS) };
}

test('a draft counts what odd devices publish, in the lab that the topic names', () => {
  const atMs = NOW_MS - 1000;
  const rows: [
    topic: string,
    payload: unknown,
    lab: string,
    temp: number | undefined,
    humidity?: number | undefined,
    timestampMs?: number,
  ][] = [
    ['espeasy/kitchen/Temperature', '21.5', 'kitchen', 21.5],
    ['espeasy/kitchen/Humidity', '48', 'kitchen', undefined, 48],
    ['N/c0619ab2/temperature/24/Temperature', { value: 22.4 }, 'c0619ab2', 22.4],
    ['site/room7/env', { t: 21.5, h: '45' }, 'room7', 21.5, 45],
    [
      'gw/ab12/data',
      {
        ts: atMs,
        values: [
          { n: 'temp1', v: 21.4 },
          { n: 'hum1', v: 40 },
        ],
      },
      'ab12',
      21.4,
      40,
      atMs,
    ],
    ['weather', { 'air.temp': { value: 3 }, tempF: 37.4 }, 'weather', 3],
    ['a/b', { outdoor: { tempF: 50 } }, 'b', 10],
    ['batch', [{ id: 'x', temp: 4, time: new Date(atMs).toISOString() }], 'x', 4, undefined, atMs],
    ['home/{odd}/cellar', { Temperatur: 9, Feuchte: 80 }, 'cellar', 9, 80],
  ];
  for (const [topic, payload, lab, temp, humidity, timestampMs] of rows) {
    const { observations } = drafted(topic, payload)!.explanation;
    assert.deepEqual(observations, [{ lab, sensor: '', temp, humidity, timestampMs }], topic);
  }
});

test('what a draft cannot read is said beside it', () => {
  const hintsOf = (topic: string, payload: unknown) => {
    const { hints, explanation } = drafted(topic, payload)!;
    return [...hints, ...explanation.hints].join('\n');
  };
  for (const [topic, payload, hint] of [
    ['site/a/env', { t: '72.5 F' }, /its unit behind the number.* write 72.5, and add unit: F$/m],
    ['site/a/env', { t: '21,5' }, /decimal comma.* write 21.5$/m],
    ['modbus/a/holding', { 40001: 215 }, /in tenths: \{ path: …, scale: 0.1 \}/],
    ['modbus/a/holding', { 40001: 215 }, /no name in it looks like .* such as 40001/],
    ['plain/a', '5', /metric: temp, or metric: humidity/],
  ] as const)
    assert.match(hintsOf(topic, payload), hint);
  assert.equal(drafted('lamp/a', { state: 'ON' }), undefined);
  assert.equal(drafted('bytes/a', '0167zz'), undefined);
});

test('a draft is a source, whatever the topic and the payload', () => {
  const level = fc.oneof(fc.string(), fc.constantFrom('temperature', 'a b', '{lab}', ''));
  const topics = fc.array(
    level.map((text) => text.replace(/[+#/\0]/g, '')),
    { minLength: 1, maxLength: 4 },
  );
  const key = fc.oneof(fc.string(), fc.constantFrom('temp', 'h', 'ts', 'value', 'n', '__proto__', 'id'));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.double(), fc.string(), fc.constantFrom('temp1', '21,5', '3 C', null, 1795881196)),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(key, tie('tree'), { maxKeys: 5 }),
    ),
  }));
  fc.assert(
    fc.property(topics, tree, (levels, payload) => {
      const topic = levels.join('/');
      if (topic !== '') drafted(topic, payload ?? '');
    }),
    { numRuns: 2000 },
  );
});
