import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PayloadSlice } from './payload-slice.js';

test('an excerpt shows bytes that are no UTF-8, and cuts no character', () => {
  const excerpt = (bytes: Buffer) => PayloadSlice.of(bytes).excerpt;
  assert.equal(excerpt(Buffer.from('{"unit":"\u00b0C"}', 'latin1')), '{"unit":"\\xB0C"}');
  assert.equal(excerpt(Buffer.from('21,5 °C')), '21,5 °C');
  assert.equal(excerpt(Buffer.from([0xff, 0x41, 0xe2, 0x82])), '\\xFFA\\xE2\\x82');
  assert.equal(excerpt(Buffer.from('x'.repeat(300))), 'x'.repeat(200));
  assert.equal(excerpt(Buffer.from(`${'x'.repeat(199)}€uro`)), 'x'.repeat(199));
  assert.equal(excerpt(Buffer.from(`${'x'.repeat(196)}😀uro`)), `${'x'.repeat(196)}😀`);
});

test('the text of a payload has no byte order mark and no trailing NULs', () => {
  const text = (of: string) => PayloadSlice.of(Buffer.from(of)).toString();
  assert.equal(text('\ufeff{}\0\0'), '{}');
  assert.equal(text('\ufeff'), '');
  assert.equal(text('\0'), '');
  assert.equal(text('{"a":"\0"}'), '{"a":"\0"}');
  assert.equal(text('é'), 'é');
});
