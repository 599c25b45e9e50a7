import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOW_MS, Receipts, sourcesOf } from '../receipts.fixture.js';

/** What the publishes of one device come to: seconds since the first, temperature, humidity. */
function receive(publishes: readonly (readonly [afterS: number, payload: object])[]) {
  const [source] = sourcesOf('sources: { z: { preset: zigbee2mqtt, repeats: { within: 10m } } }');
  const route = source!.match('zigbee2mqtt/x');
  const seen = publishes.map(([afterS, payload]) => {
    const receipts = new Receipts();
    const bytes = Buffer.from(JSON.stringify(payload));
    const publish = {
      topic: 'zigbee2mqtt/x',
      payload: { bytes, start: 0, end: bytes.length },
      isReplayed: false,
    };
    source!.decode(route, publish, Object.assign(receipts, { receivedMs: NOW_MS + afterS * 1000 }));
    const [one] = receipts.seen;
    return one === undefined ? receipts.fate : [one.temp, one.humidity];
  });
  return { seen, repeated: source!.report().events.repeated };
}

test('a metric counts when it changed or some time has passed, and not when a program repeats it', () => {
  const { seen, repeated } = receive([
    [0, { temperature: 20, humidity: 50 }],
    [1, { temperature: 20, humidity: 51 }],
    [2, { temperature: 20, humidity: 51, battery: 97 }],
    [3, { temperature: 26, humidity: 51 }],
    [4, { temperature: 20, humidity: 51 }],
    [601, { temperature: 20, humidity: 51 }],
  ]);
  assert.deepEqual(seen, [
    [20, 50],
    [undefined, 51],
    'ignored',
    [26, undefined],
    [20, undefined],
    [undefined, 51],
  ]);
  assert.equal(repeated, 6);
});

test('a wrong metric beside one that is repeated is still a rejection', () => {
  const { seen } = receive([
    [0, { temperature: 20, humidity: 50 }],
    [1, { temperature: 20, humidity: 500 }],
  ]);
  assert.deepEqual(seen, [[20, 50], 'rejected']);
});
