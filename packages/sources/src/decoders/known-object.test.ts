import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IsoTime, isoToMs } from '../language/iso-time.js';
import { KnownObject } from './known-object.js';

const scalar = fc.oneof(
  fc.double({ noDefaultInfinity: true, noNaN: true }),
  fc.integer(),
  fc.integer({ min: -9999, max: 9999 }).map((n) => n / 100),
  fc.string(),
  fc.constantFrom(
    '2026-11-28T16:00:00Z',
    '2026-11-28T16:00:00.123+01:00',
    '2026-11-28T16:00:00Zx',
    'ü',
    'a\\b',
    '"',
  ),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 3 }), tie('value'), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const document = fc.dictionary(
  fc.constantFrom('temperature', 'humidity', 'last_seen', 'x', 'update', 'ü', 'a"b'),
  value,
  {
    minKeys: 1,
    maxKeys: 5,
    noNullPrototype: true,
  },
);
const isWanted = (key: string) => key !== 'update' && key !== 'x';
const isTime = (key: string) => key === 'last_seen';

/** What a wanted member is read as: a text of a time as its milliseconds. */
function readAs([key, value]: [string, unknown]): [string, unknown] {
  if (value instanceof IsoTime) return [key, { ms: value.ms }];
  const ms = isTime(key) && typeof value === 'string' ? isoToMs(value) : Number.NaN;
  return [key, Number.isNaN(ms) ? value : { ms }];
}

/** JSON as programs write it: without blanks, with one behind colons and commas, with many. */
const written = fc.tuple(document, fc.constantFrom(0, 1, 2)).map(([one, blanks]) => {
  const text = JSON.stringify(one);
  if (blanks === 0) return text;
  return blanks === 1 ? text.replaceAll('":', '": ').replaceAll(',"', ', "') : JSON.stringify(one, null, 2);
});

test('what is read with known keys is what JSON.parse reads', () => {
  let seen = 0;
  fc.assert(
    fc.property(written, (text) => {
      const whole = JSON.parse(text) as Record<string, unknown>;
      const known = new KnownObject(Object.keys(whole), isWanted, isTime);
      const bytes = Buffer.from(`{"${text}}`);
      if (!known.read(bytes, 2, bytes.length - 1)) return;
      seen += 1;
      const wanted = Object.entries(whole).filter(([key]) => isWanted(key));
      const read = Object.entries(known.value);
      assert.deepEqual(Object.fromEntries(read.map(readAs)), Object.fromEntries(wanted.map(readAs)), text);
    }),
    { numRuns: 1000 },
  );
  assert.ok(seen > 10, `${seen} were read`);
});

test('what is no JSON is never read, whatever byte is changed, added or missing', () => {
  const text =
    '{"temperature":-4.10,"last_seen":"2026-11-28T16:00:00.5+01:00","x":[1,{"a":null}],"humidity":61,"update":{"state":"idle","n":0},"s":"t","b":true}';
  const known = new KnownObject(Object.keys(JSON.parse(text) as object), isWanted, isTime);
  const bytes = Buffer.from(text);
  assert.ok(known.read(bytes, 0, bytes.length));
  let refused = 0;
  for (let at = 0; at < bytes.length; at++)
    for (const other of ['', ...'0-.eE+x"{}[],: \\\n\t\0']) {
      const changed = [
        `${text.slice(0, at)}${other}${text.slice(at + 1)}`,
        `${text.slice(0, at)}${other}${text.slice(at)}`,
      ];
      for (const one of changed) {
        const buffer = Buffer.from(one);
        const isRead = known.read(buffer, 0, buffer.length);
        if (!isRead) refused += 1;
        else {
          // Throws if it is no JSON.
          const whole = JSON.parse(one) as Record<string, unknown>;
          for (const [key, member] of Object.entries(known.value))
            assert.deepEqual(readAs([key, member]), readAs([key, whole[key]]), one);
        }
      }
    }
  assert.ok(refused > 1000, `${refused} were refused`);
});
