#!/usr/bin/env bash
# mqtt-packet 9.0.2 loses the order of MQTT 5 user properties. They are a list of pairs, in which a name may come again,
# and their order must be kept (MQTT 5, 3.3.2.3.7). The parser makes an object of them: b=1, a=2, b=3 becomes b=[1, 3],
# a=2, and whoever sends that on (mqtt.js and aedes are built on it) sends b=1, b=3, a=2.
# For humtemp: its broker passes the bytes of user properties on as they came.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mqtt-packet@9.0.2
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import mqttPacket from 'mqtt-packet';

const text = (value) => Buffer.from([0, value.length, ...Buffer.from(value)]);
const pair = (name, value) => Buffer.concat([Buffer.from([0x26]), text(name), text(value)]);
const pairsOf = (bytes) => [...bytes.toString('latin1').matchAll(/&\0\x01(.)\0\x01(.)/g)].map(([, name, value]) => `${name}=${value}`);
const properties = Buffer.concat([pair('b', '1'), pair('a', '2'), pair('b', '3')]);
const body = Buffer.concat([text('t'), Buffer.from([properties.length]), properties, Buffer.from('x')]);
const sent = Buffer.concat([Buffer.from([0x30, body.length]), body]);

const parser = mqttPacket.parser({ protocolVersion: 5 });
let again;
parser.on('packet', (packet) => {
  again = mqttPacket.generate(packet, { protocolVersion: 5 });
});
parser.parse(sent);
console.log(`came ${pairsOf(sent).join(', ')}; goes ${pairsOf(again).join(', ')}`);
assert.deepEqual(pairsOf(sent), ['b=1', 'a=2', 'b=3']);
assert.deepEqual(pairsOf(again), ['b=1', 'b=3', 'a=2']);
JS
node run.mjs
