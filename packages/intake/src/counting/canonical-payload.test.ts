import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { CanonicalPayload } from './canonical-payload.js';

const payload = new CanonicalPayload();

/** Reads a text that stands between other bytes. */
function read(text: string): boolean {
  const bytes = Buffer.from(`{"temp":99,${text}1,"temp":98}`);
  return payload.read(bytes, 11, 11 + Buffer.byteLength(text));
}

function assertSameAsJson(text: string): void {
  const value = JSON.parse(text) as Record<string, unknown>;
  assert.deepEqual(
    [payload.timestamp, payload.temp, payload.humidity, payload.sensor],
    [
      value.timestamp ?? Number.NaN,
      value.temp ?? value.temperature ?? Number.NaN,
      value.humidity ?? Number.NaN,
      value.sensor ?? '',
    ],
    text,
  );
}

/** Numbers as JSON can write them, and some that it cannot. */
const numberText = fc.oneof(
  fc
    .tuple(fc.constantFrom('', '-'), fc.nat(999_999), fc.option(fc.stringMatching(/^\d{1,12}$/)))
    .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '0',
    '-0',
    '0.0',
    '-0.001',
    '00',
    '01',
    '1.',
    '.5',
    '-',
    '1e3',
    '1E+2',
    '+1',
    '0x10',
    '""',
    'null',
    '{}',
  ),
  fc.constantFrom(
    '123456789012345',
    '1234567890123456',
    '1.23456789012345',
    '0.000000000000001',
    '9007199254740993',
  ),
);
const member = fc.oneof(
  fc
    .tuple(fc.constantFrom('temp', 'humidity', 'timestamp', 'temperature'), numberText)
    .map(([key, text]) => [key, text]),
  fc
    .tuple(
      fc.constant('sensor'),
      fc.oneof(fc.string({ maxLength: 60 }), fc.constantFrom('a b', '\\', '"', 'ü', '\n')),
    )
    .map(([key, text]) => [key, JSON.stringify(text)]),
  fc
    .tuple(fc.constantFrom('battery', 'tem', 'temp2', '__proto__'), numberText)
    .map(([key, text]) => [key, text]),
);
const objectText = fc
  .tuple(
    fc.array(member, { maxLength: 5 }),
    fc.constantFrom(':', ': ', ' :'),
    fc.constantFrom(',', ', ', ' ,', ',,'),
  )
  .map(
    ([members, colon, comma]) => `{${members.map(([key, text]) => `"${key}"${colon}${text}`).join(comma)}}`,
  );

describe('the canonical payload', () => {
  test('is what devices send', () => {
    for (const text of [
      '{"temp":22.08,"humidity":51.53}',
      '{"timestamp": 1790000000, "temp": 21.53, "humidity": 48.2, "sensor": "bme280-3"}',
      '{"timestamp":1790000000.125,"temperature":-0.5}',
      '{"humidity":0}',
      '{"temp":1,"temp":2}',
    ]) {
      assert.equal(read(text), true, text);
      assertSameAsJson(text);
    }
  });

  test('whatever it reads, JSON.parse reads alike', () => {
    let taken = 0;
    fc.assert(
      fc.property(objectText, (text) => {
        if (!read(text)) return;
        taken += 1;
        assertSameAsJson(text);
      }),
      { numRuns: 20_000 },
    );
    assert.ok(taken > 500, `only ${taken} were canonical`);
  });

  test('a changed byte is never misread', () => {
    const text = '{"timestamp":1790000000.5,"temp":22.08,"humidity":51.53,"sensor":"a-1"}';
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.integer({ min: 0x20, max: 0x7e }),
        fc.nat(3),
        (at, code, cut) => {
          const changed = text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1 + cut);
          if (read(changed)) assertSameAsJson(changed);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  test('is never longer than its bytes', () => {
    for (const text of [
      '',
      '{',
      '{}',
      '{"temp":1',
      '{"temp":1,',
      '{"temp":1}x',
      '{"sensor":"abc}',
      '{"temp":12,}',
    ])
      assert.equal(read(text), false, text);
  });
});
