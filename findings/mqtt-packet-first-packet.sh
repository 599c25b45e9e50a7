#!/usr/bin/env bash
# mqtt-packet 9.0.2, on which mqtt.js and aedes are built, makes 65,536 buffers when it writes its first packet, one for each number
# of two bytes: some 7 MB that stay for as long as the process lives, also in one that holds a single connection, and the
# milliseconds of it fall into the first CONNECT or CONNACK. `writeToStream.cacheNumbers = false`, before that, makes none, and the
# same packets.
# For humtemp: its broker switches it off; a first client that asks for a session held up all others for 8 to 14 ms.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mqtt-packet@9.0.2
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import mqttPacket from 'mqtt-packet';

mqttPacket.writeToStream.cacheNumbers = process.argv[2] === 'cached';
const used = () => {
  gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};
const stream = new PassThrough();
const before = used();
const beganMs = performance.now();
mqttPacket.writeToStream({ cmd: 'connack', returnCode: 0, sessionPresent: false }, stream);
const ms = performance.now() - beganMs;
const bytes = used() - before;
await new Promise(setImmediate);
console.log(`${process.argv[2]}: the first CONNACK takes ${ms.toFixed(1)} ms and ${(bytes / 1e6).toFixed(1)} MB, and is ${stream.read().toString('hex')}`);
if (process.argv[2] === 'cached') assert.ok(bytes > 4e6);
else assert.ok(bytes < 1e6);
JS
node --expose-gc run.mjs cached
node --expose-gc run.mjs 'not cached'
