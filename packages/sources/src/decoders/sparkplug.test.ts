import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PbfWriter } from 'pbf';
import { NOW_MS, receive, sourcesOf } from '../receipts.fixture.js';

interface Metric {
  readonly name?: string;
  readonly alias?: number;
  readonly datatype?: number;
  readonly timestamp?: number;
  readonly int?: number;
  readonly double?: number;
  readonly isNull?: boolean;
}

/** A payload as the specification writes it. */
function payload(metrics: readonly Metric[], timestamp = NOW_MS): Buffer {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, timestamp);
  for (const metric of metrics)
    pbf.writeMessage(
      2,
      (one: Metric, out) => {
        if (one.name !== undefined) out.writeStringField(1, one.name);
        if (one.alias !== undefined) out.writeVarintField(2, one.alias);
        if (one.timestamp !== undefined) out.writeVarintField(3, one.timestamp);
        if (one.datatype !== undefined) out.writeVarintField(4, one.datatype);
        if (one.isNull) out.writeBooleanField(7, true);
        if (one.int !== undefined) out.writeVarintField(10, one.int);
        if (one.double !== undefined) out.writeDoubleField(13, one.double);
      },
      metric,
    );
  return Buffer.from(pbf.finish());
}

const INT8 = 1;
const INT16 = 2;
const DOUBLE = 10;

test('Sparkplug data has the names of the last birth, and integers in the width of their type', () => {
  const sources = sourcesOf('sparkplug');
  const birth = payload([
    { name: 'Temperature', alias: 1, datatype: INT8, int: 251 },
    { name: 'Humidity', alias: 2, datatype: DOUBLE, double: 40 },
  ]);
  const at = NOW_MS;
  assert.deepEqual(receive(sources, 'spBv1.0/G/DBIRTH/E/cold', birth).seen, [
    { lab: 'cold', temp: -5, humidity: 40, at },
  ]);
  // −5 in 8, in 32 and in 64 bits: encoders differ.
  for (const int of [251, 0xfffffffb, -5])
    assert.deepEqual(receive(sources, 'spBv1.0/G/DDATA/E/cold', payload([{ alias: 1, int }])).seen, [
      { lab: 'cold', temp: -5, at },
    ]);
  const later = payload([
    { alias: 1, int: 4, timestamp: NOW_MS - 2000 },
    { alias: 1, int: 5, timestamp: NOW_MS - 1000 },
    { alias: 2, isNull: true },
  ]);
  assert.deepEqual(receive(sources, 'spBv1.0/G/DDATA/E/cold', later).seen, [
    { lab: 'cold', temp: 4, at: NOW_MS - 2000 },
    { lab: 'cold', temp: 5, at: NOW_MS - 1000 },
  ]);
  const again = payload([{ name: 'Other', alias: 1, datatype: INT16, int: 7 }]);
  receive(sources, 'spBv1.0/G/NBIRTH/E', again);
  assert.deepEqual(receive(sources, 'spBv1.0/G/DDATA/E/cold', payload([{ alias: 1, int: 4 }])).seen, []);
});

test('Sparkplug data with an alias of no birth asks its edge node for one, once a minute', () => {
  const sources = sourcesOf('sparkplug');
  const asked: [string, Uint8Array][] = [];
  sources[0]!.ask = (topic, bytes) => asked.push([topic, bytes]);
  const data = payload([{ alias: 9, int: 4 }]);
  for (let i = 0; i < 3; i++) {
    const { seen, fate } = receive(sources, 'spBv1.0/G/DDATA/E/cold', data);
    assert.deepEqual([seen, fate], [[], 'ignored']);
  }
  assert.deepEqual(
    asked.map(([topic]) => topic),
    ['spBv1.0/G/NCMD/E'],
  );
  assert.ok(Buffer.from(asked[0]![1]).includes('Node Control/Rebirth'));
});

test('bytes that are no Sparkplug payload are malformed', () => {
  const sources = sourcesOf('sparkplug');
  for (const bytes of [
    '{',
    '{"metrics":[]}',
    Buffer.from([0x12, 0xff, 0xff, 0xff, 0xff, 0x0f]),
    Buffer.alloc(9, 0xff),
  ])
    assert.deepEqual(
      receive(sources, 'spBv1.0/G/DDATA/E/cold', bytes).rejections,
      ['malformed'],
      String(bytes),
    );
});
