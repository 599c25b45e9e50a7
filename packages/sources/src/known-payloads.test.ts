import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CUSTOM, DEVICE_ROWS } from './device-rows.js';
import { Receipts, sourcesOf } from './receipts.fixture.js';
import type { Source } from './source.js';

/** What one payload comes to on a route that has read others before. */
function decode(source: Source, route: unknown, topic: string, payload: Buffer) {
  const receipts = new Receipts();
  const publish = { topic, payload: { bytes: payload, start: 0, end: payload.length }, isReplayed: false };
  source.decode(route, publish, receipts);
  const { fate, seen, rejections } = receipts;
  return { fate, seen, rejections };
}

/** As it is after the first publishes, all of which are looked through. */
function warmedUp(name: string, topic: string): Source {
  const source = sourcesOf(name).find((one) => one.match(topic) !== undefined)!;
  const other = source.match(topic);
  for (let i = 0; i < 300; i++) decode(source, other, topic, Buffer.from('{"nothing":1}'));
  return source;
}

describe('payloads with known keys', () => {
  test('are read as those whose keys are new', () => {
    for (const { source: name, topic, payload } of DEVICE_ROWS) {
      const yaml = CUSTOM[name] ?? name;
      if (!sourcesOf(yaml).some((one) => one.match(topic) !== undefined)) continue;
      const source = warmedUp(yaml, topic);
      const route = source.match(topic);
      const bytes = Buffer.isBuffer(payload)
        ? payload
        : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
      const first = decode(source, route, topic, bytes);
      for (let i = 0; i < 3; i++)
        assert.deepEqual(decode(source, route, topic, bytes), first, `${topic} ${bytes}`);
    }
  });

  test('are read as those whose keys are new, whatever they are', () => {
    const topic = 'zigbee2mqtt/here';
    const source = warmedUp('zigbee2mqtt', topic);
    const scalar = fc.oneof(
      fc.integer({ min: -300, max: 300 }).map((n) => n / 10),
      fc.double(),
      fc.constantFrom(null, true, 'nan', '21.5', '2026-11-28T15:00:00Z', 1795881196123),
      fc.record({ value: fc.integer({ min: -50, max: 50 }) }),
    );
    const keys = [
      'temperature',
      'humidity',
      'local_temperature',
      'temperature_1',
      'last_seen',
      'power',
      'battery',
      'soil_moisture',
    ];
    const document = fc.dictionary(fc.constantFrom(...keys), scalar, { maxKeys: 6, noNullPrototype: true });
    // The second of two with the same keys is read with known keys.
    const pair = document.chain((one) => {
      const again = fc.record(Object.fromEntries(Object.keys(one).map((key) => [key, scalar])));
      return fc.tuple(fc.constant(one), again);
    });
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const route = source.match(topic);
        decode(source, route, topic, Buffer.from(JSON.stringify(one)));
        const bytes = Buffer.from(JSON.stringify(other));
        const fresh = decode(source, source.match(topic), topic, bytes);
        assert.deepEqual(decode(source, route, topic, bytes), fresh, bytes.toString());
      }),
      { numRuns: 2000 },
    );
  });
});
