import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { explain } from './explain/explain.js';
import { readSources, SourcesError } from './read-sources.js';
import { NOW_MS, presets, receive, sourcesOf } from './receipts.fixture.js';

/** A topic of each preset, with the lab that it names. */
const TOPICS: Readonly<Record<string, string>> = {
  airgradient: 'airgradient/readings/here',
  bluetooth: 'bthome/gw/here',
  chirpstack: 'application/1/device/here/event/up',
  esphome: 'here/sensor/temperature/state',
  'home-assistant-statestream': 'homeassistant/sensor/here_temperature/state',
  homie: 'homie/here/node/temperature',
  labs: 'labs/here/observation',
  openmqttgateway: 'home/gw/BTtoMQTT/here',
  rtl_433: 'rtl_433/here/events',
  'ruuvi-gateway': 'ruuvi/gw/here',
  senml: 'senml/here',
  shelly: 'here/events/rpc',
  sparkplug: 'spBv1.0/G/DDATA/E/here',
  tasmota: 'tele/here/SENSOR',
  'the-things-stack': 'v3/app/devices/here/up',
  thingsboard: 'v1/devices/here/telemetry',
  zigbee2mqtt: 'zigbee2mqtt/here',
};
const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** The classes of bytes and shapes that devices and attackers send. */
const CORPUS: readonly (string | Buffer)[] = [
  ' ',
  '0',
  'null',
  '[]',
  '"x"',
  '1',
  'true',
  '{}',
  '[{}]',
  '[[]]',
  '[null]',
  '{"temperature":null}',
  '{"temperature":{}}',
  '{"temperature":[]}',
  '{"temperature":"x"}',
  '{"temperature":true}',
  '{"temperature":1e400}',
  '{"temperature":-1e400}',
  '{"temperature":-273.16}',
  '{"humidity":6553.5}',
  '{"temperature":"23,5"}',
  '{"temperature":"0x10"}',
  '{"temperature":"Infinity"}',
  '{"temperature":9007199254740993}',
  '{"__proto__":{"temperature":21}}',
  '{"constructor":{"temperature":21}}',
  '{"toString":1,"valueOf":2}',
  '{"temperature":21,"temperature":22}',
  '{"temperature":{"value":{"value":21}}}',
  '{"params":null}',
  '{"params":[]}',
  '{"uplink_message":{"decoded_payload":"x"}}',
  '{"object":[1]}',
  '[{"bn":1,"v":"x"}]',
  '[{"bt":1e300,"u":"Cel","v":1}]',
  '{"temperature":21}{',
  '{"temperature":21}}',
  '{"data":"00"}',
  '{"data":"zz"}',
  '{"data":""}',
  '{"data":"40"}',
  '{"data":"4002"}',
  '{"data":"0201061bff9904"}',
  '{"last_seen":1e21,"temperature":4}',
  '{"temperature":4,"last_seen":-1}',
  '{"time":"9999-12-31T23:59:60Z","temperature_C":4}',
  '{"temperature":4,"last_seen":"+275760-09-13"}',
  deep(100),
  deep(100_000),
  `{"a":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
  JSON.stringify(
    Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`k${i}`, { Temperature: i % 50, temperature: 1 }]),
    ),
  ),
  JSON.stringify(Array.from({ length: 100_000 }, () => 1)),
  JSON.stringify(Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`temperature_${i}`, 21]))),
  Buffer.alloc(0),
  Buffer.from([0]),
  Buffer.from([0xff]),
  Buffer.alloc(300, 0xff),
  Buffer.from([0xc0, 0xaf]),
  Buffer.from('{"temperature":21}', 'utf16le'),
  Buffer.from([0x1f, 0x8b, 8, 0]),
  Buffer.from([0xef, 0xbb, 0xbf]),
];

describe('whatever the payload', () => {
  for (const [preset, topic] of Object.entries(TOPICS))
    test(`the source ${preset} counts it for its own lab, rejects it or ignores it`, () => {
      const sources = sourcesOf(preset);
      for (const payload of CORPUS) {
        const shown = payload.toString('latin1').slice(0, 60);
        const { seen, fate } = receive(sources, topic, payload);
        assert.notEqual(fate, 'silent', shown);
        assert.notEqual(fate, 'of no source', shown);
        assert.ok(seen.length <= 1000, shown);
        for (const { lab } of seen) assert.equal(lab, 'here', shown);
        if (payload.length < 5000) explain(sources[0]!, topic, Buffer.from(payload), NOW_MS);
      }
    });

  test('random documents are never counted for another lab, and never beyond the range', () => {
    const key = fc.constantFrom(
      'temperature',
      'humidity',
      'temp',
      'value',
      'params',
      'object',
      '__proto__',
      'constructor',
      'history',
      'tempc',
      'hum',
      'temperature_1',
      'temperature:0',
      'tC',
      'rh',
      'AM2301',
      'Temperature',
      'last_seen',
      'ts',
      'time',
      'power',
      'data',
      'v',
      'u',
      'n',
    );
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small', withCrossShrink: true },
        fc.double(),
        fc.integer({ min: -300, max: 300 }),
        fc.string(),
        fc.constantFrom('Cel', '%RH', '21.5', '40', 'nan'),
        fc.constant(null),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 8, noNullPrototype: true }),
      ),
    }));
    const all = new Map(Object.keys(TOPICS).map((preset) => [preset, sourcesOf(preset)]));
    fc.assert(
      fc.property(fc.constantFrom(...Object.entries(TOPICS)), value, ([preset, topic], document) => {
        const { seen, fate } = receive(all.get(preset)!, topic, JSON.stringify(document) ?? 'null');
        assert.notEqual(fate, 'silent');
        for (const { lab, temp = 0, humidity = 0, at = 0 } of seen) {
          assert.equal(lab, 'here');
          assert.ok(
            temp >= -273.15 && temp <= 200 && humidity >= 0 && humidity <= 100 && Number.isSafeInteger(at),
          );
        }
      }),
      { numRuns: 700 },
    );
  });

  test('a publish whose key has the name of something that every object has gives nothing', () => {
    const sources = sourcesOf(
      'sources: { a: { topic: "a/{lab}", temp: [constructor.length, __proto__.x, length, toString] } }',
    );
    for (const payload of ['{}', '[1,2,3]', '{"__proto__":{"y":1}}'])
      assert.deepEqual(receive(sources, 'a/b', payload).seen, [], payload);
    assert.deepEqual(receive(sources, 'a/b', '{"__proto__":{"x":21}}').seen, [{ lab: 'b', temp: 21 }]);
  });

  test('10,000 members beneath a star are refused as one, not counted in part', () => {
    const members = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`s${i}`, { Temperature: 20 }]),
    );
    const { seen, rejections } = receive(sourcesOf('tasmota'), 'tele/here/SENSOR', members);
    assert.deepEqual([seen, rejections], [[], ['array_too_long']]);
  });

  test('bytes that are no UTF-8 never name a lab or a sensor', () => {
    const sources = sourcesOf('sources: { a: { topic: "a/{_}", lab: room, sensor: probe, temp: t } }');
    const latin1 = (text: string) => receive(sources, 'a/b', Buffer.from(text, 'latin1'));
    assert.deepEqual(latin1('{"room":"K\xfcche","t":4}').rejections, ['lab_id']);
    assert.deepEqual(latin1('{"room":"x","probe":"\xfc","t":4}').rejections, ['sensor']);
  });
});

describe('whatever the file', () => {
  test('random descriptions compile or are refused with a place, and then read payloads without a fault', () => {
    const word = fc.constantFrom(
      'a',
      'a/{lab}',
      '{lab...}',
      'temperature',
      '*',
      '[]',
      'a.b',
      'a[',
      '{sensor}',
      'x_{sensor:#}',
      '$.a',
      '"a',
      's',
      'ms',
      'C',
      'json',
      'number',
      'sparkplug',
      'reject',
      '{lab}',
      '__proto__',
      '',
    );
    const { thing } = fc.letrec((tie) => ({
      thing: fc.oneof(
        { depthSize: 'small' },
        word,
        word,
        fc.integer(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('thing'), { maxLength: 3 }),
        fc.dictionary(
          fc.constantFrom('path', 'unit', 'format', 'temp', 'humidity', 'min', 'text', 'topic', 'as'),
          tie('thing'),
          {
            maxKeys: 4,
            noNullPrototype: true,
          },
        ),
      ),
    }));
    const description = fc.dictionary(
      fc.constantFrom(
        'topic',
        'temp',
        'humidity',
        'each',
        'root',
        'lab',
        'sensor',
        'timestamp',
        'unit',
        'range',
        'not',
        'unless',
        'needs',
        'payload',
        'tables',
        'ignore',
        'names',
        'preset',
        'decode',
        'live',
      ),
      fc.oneof(word, thing),
      { maxKeys: 6, noNullPrototype: true },
    );
    let compiled = 0;
    const payload = { a: { b: 4 }, temperature: 20, x_1: 5, list: [1] };
    const check = (one: unknown) => {
      const text = JSON.stringify({ sources: { z: one } });
      try {
        const sources = readSources(text, 'f', { presets });
        compiled += 1;
        for (const topic of ['a/b', 'b', 'a'])
          assert.notEqual(receive(sources, topic, payload).fate, 'silent', text);
      } catch (error) {
        assert.ok(error instanceof SourcesError, `${text}\n${error}`);
        for (const mistake of error.mistakes) assert.match(mistake, /^\d+:\d+: /);
      }
    };
    fc.assert(fc.property(description, check), { numRuns: 700 });
    fc.assert(
      fc.property(description, word, word, (one, each, temp) =>
        check({ ...one, topic: 'a/{lab}', each, temp }),
      ),
      { numRuns: 700 },
    );
    assert.ok(compiled > 5, `${compiled} compiled`);
  });
});
