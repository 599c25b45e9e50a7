import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { presetTexts } from './presets.js';
import { readSources, SourcesError } from './read-sources.js';
import { presets, receive, sourcesOf } from './receipts.fixture.js';

function mistakesOf(text: string): readonly string[] {
  try {
    readSources(text, 'sources.yaml', { presets });
  } catch (error) {
    assert.ok(error instanceof SourcesError, String(error));
    return error.mistakes;
  }
  return [];
}

describe('a file of sources', () => {
  test('has each key once, wherever it stands', () => {
    const twice = `sources:\n  a: { topic: 'x/{lab}', temp: t }\n`;
    assert.deepEqual(mistakesOf(`${twice}  b: { topic: y, topic: z }\n`), ['3:18: Map keys must be unique']);
    assert.deepEqual(mistakesOf(`${twice}  a: { topic: y }\n`), ['3:3: Map keys must be unique']);
    assert.deepEqual(mistakesOf(twice), []);
  });

  test('gets one message with every mistake, its line and column, and what was expected', () => {
    const mistakes = mistakesOf(`sources:
  attic:
    topik: rtl_433/{lab}
    topic: rtl_433/+/events
    temp: 7
    unit: Celsius
    range: { temp: { min: 5, max: -5, outside: drp } }
  Cellar: { topic: 'a/{lab}', temp: t }
  hall:
    topic: hall/+
    temp: a..b
    timestamp: { path: t, format: [local Mars/Base] }
  garage:
    topic: garage/{sensor}
    payload: number
    metric: temp
  stairs: { preset: zigbee3mqtt }
  roof: { topic: "roof/{lab}" }
`);
    assert.deepEqual(
      mistakes.map((mistake) => mistake.slice(0, 100)),
      [
        '3:12: sources.attic.topik: "topik": there is no such key; expected topic?',
        '5:11: sources.attic.temp: 7: expected a path such as temperature, sensor.temperature or values[0], or a list',
        '6:11: sources.attic.unit: "Celsius": expected C, F, K or { path: TempUnit }',
        '7:48: sources.attic.range.temp.outside: "drp": expected reject, drop or clamp',
        '8:11: sources.Cellar: "Cellar": expected a source for each name, of a-z 0-9 - _',
        '10:12: sources.hall.topic: "hall/+": {lab}, {sensor}, {metric} or {_} in the place of +, {lab...} in the pla',
        '11:11: sources.hall.temp: "a..b": a path is written a.b, a[], a[0], a.*, a[key=value]; a key with dots or br',
        '12:16: sources.hall.timestamp: "Mars/Base": the name of a time zone, such as Europe/Berlin or UTC',
        '14:12: sources.garage.topic: no {lab} in the topic: expected one, or lab: where the payload says it, or e',
        '17:21: sources.stairs.preset: "zigbee3mqtt": expected one of airgradient, bluetooth, chirpstack, esphome, ',
        '18:9: sources.roof: a table names temp, humidity or both, or has payload: number',
      ].map((mistake) => mistake.slice(0, 100)),
    );
  });

  test('that is no YAML gets a message with a hint at braces', () => {
    const [mistake, ...more] = mistakesOf('sources:\n  a:\n    topic: {lab}/status\n');
    assert.match(mistake ?? '', /^3:\d+: .*stands in quotes$/);
    assert.deepEqual(more, []);
    assert.match(mistakesOf('sources: &a [*a]')[0] ?? '', /^1:\d+: /);
    assert.match(mistakesOf('')[0] ?? '', /^1:1: /);
    assert.match(mistakesOf('[]')[0] ?? '', /sources: and beneath it/);
  });

  test('reads numbers with a scale, and then a unit, of their own', () => {
    const sources = sourcesOf(`
sources:
  modbus:
    topic: modbus/{lab}
    temp: [{ path: tenths, scale: 0.1 }, { path: f, scale: 0.01, unit: F }]
    humidity: { path: "40002", scale: 0.1 }
    not: { temp: [32767] }
`);
    const seen = (payload: unknown) => receive(sources, 'modbus/a', payload).seen;
    assert.deepEqual(seen({ tenths: 215, 40002: 487 }), [{ lab: 'a', temp: 21.5, humidity: 48.7 }]);
    assert.deepEqual(seen({ f: 5000 }), [{ lab: 'a', temp: 10 }]);
    assert.deepEqual(seen({ tenths: 32767, 40002: 1000 }), [{ lab: 'a', humidity: 100 }]);
    assert.match(
      mistakesOf('sources: { m: { topic: "m/{lab}", temp: { path: t, scale: 0 } } }')[0] ?? '',
      /a scale above 0/,
    );
  });

  test('takes presets by name and changes them', () => {
    const sources = sourcesOf(`
sources:
  z:
    preset: zigbee2mqtt
    base: home/z2m
    names: { 0x00158d: Cold room }
    range: { humidity: { outside: drop } }
`);
    assert.deepEqual(sources[0]?.filters, ['home/z2m/#']);
    assert.deepEqual(receive(sources, 'home/z2m/0x00158d', { temperature: 4, humidity: 103 }).seen, [
      { lab: 'Cold.20room', temp: 4 },
    ]);
    assert.equal(receive(sources, 'home/z2m/bridge/state', '{}').fate, 'ignored');
    assert.equal(receive(sources, 'zigbee2mqtt/x', '{}').fate, 'of no source');
  });
});

test('every preset is a file of the same language, with a comment that shows a topic and a payload', () => {
  assert.equal(presetTexts().size, 17);
  for (const [name, text] of presetTexts()) {
    assert.ok(text.startsWith('# '), name);
    assert.deepEqual([...presets.keys()].includes(name), true, name);
    assert.equal(readSources(text, `${name}.yaml`, { presets })[0]?.name, name);
  }
});

test('a file that would be long in reading is refused at once', () => {
  const sources = 'sources: {}\n';
  const comment = (length: number) => `#${'x'.repeat(length - 2)}\n`;
  const most = comment(500_000 - sources.length) + sources;
  assert.deepEqual(readSources(most, 'long.yaml'), []);
  assert.throws(
    () => readSources(`#${most}`, 'long.yaml'),
    /^SourcesError: long.yaml:\n {2}longer than 500000 char/,
  );
});
