#!/usr/bin/env bash
# sparkplug-payload 1.0.3 (Eclipse Tahu for Node) reads −5 °C of another Tahu as 251.
# A Sparkplug B Int8 or Int16 travels in a protobuf uint32, so somebody must choose in which width its sign stands. Tahu for Node
# extends it to 32 bits (FB FF FF FF 0F); the Python file of Tahu, which many libraries copy, adds 2^8 or 2^16 (FB 01). The decoder
# of sparkplug-payload is right for the first form only: it never cuts the number to the width of its datatype. A cold room at
# −5 °C then is at 251 °C, or at 65,531, and no error is raised.
# For humtemp: cut to the width of the datatype after reading, whatever the form.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund sparkplug-payload@1.0.3
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { encodePayload, decodePayload } = require('sparkplug-payload').get('spBv1.0');

/** A payload with one metric "t", whose int_value (field 10) is these bytes of a varint. */
function payloadOf(datatype, ...intValue) {
  const metric = [0x0a, 1, 0x74, 0x20, datatype, 0x50, ...intValue];
  return Uint8Array.from([0x08, 1, 0x12, metric.length, ...metric]);
}
const read = (bytes) => decodePayload(bytes).metrics[0].value;
const own = (type) => encodePayload({ timestamp: 1, metrics: [{ name: 't', type, value: -5 }] });

console.log('sparkplug-payload', require('sparkplug-payload/package.json').version);
const rows = [
  ['Int8', 'its own, 32 bits', own('Int8')],
  ['Int8', '2^8 added', payloadOf(1, 0xfb, 0x01)],
  ['Int16', 'its own, 32 bits', own('Int16')],
  ['Int16', '2^16 added', payloadOf(2, 0xfb, 0xff, 0x03)],
].map(([datatype, form, bytes]) => ({ datatype, form, sent: -5, read: read(bytes) }));
console.table(rows);
assert.deepEqual(
  rows.map((row) => row.read),
  [-5, 251, -5, 65531],
);
JS
node run.mjs
