import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NOW_MS, sourcesOf } from '../receipts.fixture.js';
import { explain } from './explain.js';
import { explanationText } from './explanation-text.js';

function explained(source: string, topic: string, payload: unknown) {
  const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
  return explain(sourcesOf(source)[0]!, topic, bytes, NOW_MS);
}

const hintsOf = (source: string, topic: string, payload: unknown) =>
  explained(source, topic, payload).hints.join('\n');

const OWN = `
sources:
  own:
    topic: own/{lab}
    temp: t
    timestamp: { path: at, format: s }`;

describe('an explanation', () => {
  test('shows field by field what was counted', () => {
    const text = explanationText(
      explained('zigbee2mqtt', 'zigbee2mqtt/Cold room 2', { temperature: 4.1, humidity: 61, battery: 97 }),
    );
    assert.equal(
      text,
      [
        'counted',
        '  lab Cold.20room.202: 4.1 °C, 61 %RH, at receipt',
        'noted: timestamp_absent 1',
        'fields',
        '  temperature  4.1           temp: 4.1',
        '  humidity     61            humidity: 61',
        '  battery      97            –',
        'hints',
        '  without a timestamp a repeated publish is counted again',
      ].join('\n'),
    );
  });

  test('says what to write for odd payloads', () => {
    const rows: [source: string, topic: string, payload: unknown, hint: RegExp][] = [
      [
        OWN,
        'own/a',
        { temperature: 4, at: 1795881196 },
        /temperature looks like a temperature and is not read: temp: \[temperature\]/,
      ],
      [OWN, 'own/a', { t: '4.1', at: 1795881196 }, /text_numbers: true/],
      [OWN, 'own/a', { t: 'err', at: 1795881196 }, /not: \{ temp: \["err"\] \}/],
      [OWN, 'own/a', { t: -327.68, at: 1795881196 }, /not: \{ temp: \[-327.68\] \}/],
      [OWN, 'own/a', { t: null, at: 1795881196 }, /the device says that it has no reading/],
      [OWN, 'own/a', { t: 294.2, at: 1795881196 }, /unit: K/],
      [OWN, 'own/a', { t: 4, at: 1795881196123 }, /format: ms/],
      [OWN, 'own/a', { t: 4, at: '2026-11-28T16:00:00' }, /local Europe\/Berlin/],
      [OWN, 'own/a', { t: 4, at: 17 }, /wrong: receipt/],
      [OWN, 'own/a', { t: 4, at: 1795991196 }, /future: receipt/],
      [OWN, 'own/a', { t: { celsius: 4 } }, /a path to the number/],
      [OWN, 'own/a', '4.1', /nothing in it|payload: number|no value/],
      [OWN, 'own/a', '{t:4}', /payload: number/],
      [OWN, 'own/a', { tempF: 40 }, /\{ path: tempF, unit: F \}/],
      [OWN, 'home/a', { t: 4 }, /is none of the source own, which reads own\/\{lab\}/],
      [
        'zigbee2mqtt',
        'zigbee2mqtt/plug',
        { state: 'ON', power: 5, temperature: 41 },
        /power says that it is not the room/,
      ],
      ['zigbee2mqtt', 'zigbee2mqtt/bridge/state', {}, /the source zigbee2mqtt ignores/],
      ['zigbee2mqtt', 'zigbee2mqtt/lamp', { state: 'ON' }, /nothing in it looks like/],
    ];
    for (const [source, topic, payload, hint] of rows)
      assert.match(hintsOf(source, topic, payload), hint, JSON.stringify(payload));
  });

  test('shows what bytes within a payload decode to', () => {
    const { fields, observations } = explained('bluetooth', 'bthome/gw/a', { data: '4002ca0903bf13' });
    assert.deepEqual(
      fields.map(({ path, role }) => [path, role]),
      [
        ['data', undefined],
        ['decoded.temperature', 'temp'],
        ['decoded.humidity', 'humidity'],
      ],
    );
    assert.equal(observations[0]?.temp, 25.06);
  });
});
