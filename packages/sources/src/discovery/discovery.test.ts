import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileSource } from '../compile-source.js';
import { Receipts, receive } from '../receipts.fixture.js';
import { Discovery } from './discovery.js';
import { placeOfTemplate } from './value-template.js';

function discovery() {
  const unused: string[] = [];
  const one = new Discovery('homeassistant', {
    onChanged: () => {},
    onUnused: (_, reason) => void unused.push(reason),
  });
  const announce = (topic: string, config: unknown) => {
    const match = one.match(topic);
    const bytes = Buffer.from(config === '' ? '' : JSON.stringify(config));
    const receipts = new Receipts();
    one.decode(match, { topic, payload: { bytes, start: 0, end: bytes.length }, isReplayed: true }, receipts);
    assert.equal(receipts.fate, 'ignored');
  };
  const source = () => {
    const description = one.description();
    if (description === undefined) return [];
    const mistakes: string[] = [];
    const compiled = compileSource('homeassistant', description, new Map(), (at, message) =>
      mistakes.push(`${at.join('.')}: ${message}`),
    );
    assert.deepEqual(mistakes, []);
    return [compiled!];
  };
  return { one, announce, source, unused };
}

const TEMP = { device_class: 'temperature', unit_of_measurement: '°C' };

test('devices that announce themselves to Home Assistant are counted as their messages say', () => {
  const { announce, source, unused } = discovery();
  const z2m = { state_topic: 'zigbee2mqtt/Küche', device: { name: 'Küche' } };
  announce('homeassistant/sensor/0x01/temperature/config', {
    ...z2m,
    ...TEMP,
    value_template: '{{ value_json.temperature }}',
  });
  announce('homeassistant/sensor/0x01/humidity/config', {
    ...z2m,
    device_class: 'humidity',
    unit_of_measurement: '%',
    value_template: "{{ value_json['humidity'] | round(1) }}",
  });
  announce('homeassistant/sensor/esp_temp/config', {
    '~': 'esp/cellar',
    stat_t: '~/sensor/temp/state',
    dev_cla: 'temperature',
    unit_of_meas: '°F',
    dev: { name: 'cellar' },
  });
  announce('homeassistant/device/0AFF/config', {
    dev: { name: 'plant' },
    stat_t: 'plant/state',
    cmps: {
      t: {
        p: 'sensor',
        dev_cla: 'temperature',
        unit_of_meas: 'K',
        val_tpl: '{{ value_json.a["b c"][1] | float }}',
      },
      l: { p: 'light', dev_cla: 'temperature', unit_of_meas: 'K' },
    },
  });
  const sources = source();
  assert.deepEqual(receive(sources, 'zigbee2mqtt/Küche', { temperature: 21.5, humidity: '40.2' }).seen, [
    { lab: 'K.C3.BCche', temp: 21.5, humidity: 40.2 },
  ]);
  assert.deepEqual(receive(sources, 'esp/cellar/sensor/temp/state', '68').seen, [
    { lab: 'cellar', temp: 20 },
  ]);
  assert.deepEqual(receive(sources, 'plant/state', { a: { 'b c': [0, 300.15] } }).seen, [
    { lab: 'plant', temp: 27 },
  ]);
  assert.equal(receive(sources, 'plant/state', { a: { 'b c': [0, 300.15] } }, true).fate, 'ignored');
  assert.deepEqual(unused, []);

  announce('homeassistant/sensor/esp_temp/config', '');
  assert.equal(receive(source(), 'esp/cellar/sensor/temp/state', '68').fate, 'of no source');
});

test('no unit is guessed, no template is half understood, and each is reported', () => {
  const { announce, source, unused } = discovery();
  const at = (n: number) => `homeassistant/sensor/s${n}/config`;
  announce(at(1), { ...TEMP, unit_of_measurement: undefined, state_topic: 'a' });
  announce(at(2), { ...TEMP, state_topic: 'b', value_template: '{{ (value_json.t - 32) / 1.8 }}' });
  announce(at(3), { ...TEMP, state_topic: 'b/#' });
  announce(at(4), { device_class: 'humidity', state_topic: 'c' });
  announce(at(5), { ...TEMP, state_topic: 'd', entity_category: 'diagnostic' });
  announce(at(6), { device_class: 'battery', unit_of_measurement: '%', state_topic: 'e' });
  announce(at(7), ['no object']);
  assert.deepEqual(source(), []);
  assert.deepEqual(unused, [
    'unit_of_measurement is missing: expected °C, °F or K',
    'value_template is more than a value: "{{ (value_json.t - 32) / 1.8 }}"',
    'state_topic is no topic that can be read',
    'unit_of_measurement is missing: expected %',
    'it is no JSON object',
  ]);
  announce(at(8), { ...TEMP, state_topic: 'f', name: 'one' });
  announce(at(9), { ...TEMP, state_topic: 'f', name: 'two' });
  assert.deepEqual(receive(source(), 'f', '20').seen, [{ lab: 'one', temp: 20 }]);
  assert.match(unused.at(-1) ?? '', /f has one of one already/);
});

test('a device class that only every object has is none', () => {
  const { announce, unused, source } = discovery();
  for (const dev_cla of ['__proto__', 'constructor', 'toString'])
    announce('homeassistant/sensor/s/config', { state_topic: 'x', dev_cla, unit_of_meas: '%' });
  source();
  assert.deepEqual(unused, []);
});

test('whatever is announced, the source of it is whole', () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom('__proto__', '~', 'a/b', '{{ value }}', '°C', '%', 'temperature'),
  );
  const key = fc.constantFrom(
    '~',
    'stat_t',
    'state_topic',
    'dev_cla',
    'unit_of_meas',
    'val_tpl',
    'name',
    'dev',
    'cmps',
  );
  fc.assert(
    fc.property(fc.array(fc.dictionary(key, fc.oneof(word, fc.jsonValue()), { maxKeys: 9 })), (configs) => {
      const { announce, source } = discovery();
      for (const [i, config] of configs.entries())
        announce(`homeassistant/sensor/s${i}/config`, { ...TEMP, state_topic: 'x', ...config });
      source();
    }),
    { numRuns: 60 },
  );
});

test('templates are read where they only name a value', () => {
  for (const [template, place] of [
    [undefined, 'bare'],
    ['{{ value }}', 'bare'],
    ['{{value|float(0)|round(1)}}', 'bare'],
    ['{{ value_json.SHT3X.Temperature }}', '"SHT3X"."Temperature"'],
    ["{{ value_json['a.b'].c[0] | is_defined }}", '"a.b"."c"[0]'],
    ['{{ value_json }}', undefined],
    ['{{ value.x }}', undefined],
    ['{{ value_json.a }}{{ value_json.b }}', undefined],
    ['{% if value_json.a %}1{% endif %}', undefined],
    ['{{ value_json.a | multiply(10) }}', undefined],
    ['{{ value_json.a * 2 }}', undefined],
  ] as const)
    assert.equal(placeOfTemplate(template), place, template);
});
