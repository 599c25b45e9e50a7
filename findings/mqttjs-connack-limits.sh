#!/usr/bin/env bash
# mqtt.js 5.16.0 ignores the limits that an MQTT 5 broker announces in its CONNACK.
# Receive Maximum 10: 100 publishes at QoS 1 are in flight at once (MQTT 5, 3.3.4: must not). Maximum Packet Size 100:
# a publish of 500 bytes is sent (3.2.2.3.6: must not). Maximum QoS 1: a QoS 2 publish is sent (3.2.2.3.4). A broker may
# end the connection for each; mqtt.js then reconnects and sends the same again.
# For humtemp: its own publishers and its broker do not rely on the client to keep limits.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mqtt@5.16.0 mqtt-packet@9.0.2
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { generate, parser as packetParser } from 'mqtt-packet';

const limits = { receiveMaximum: 10, maximumPacketSize: 100, maximumQoS: 1 };
const seen = { inFlightMax: 0, tooLarge: 0, qos2: 0 };
let inFlight = 0;
const server = net.createServer((socket) => {
  const parser = packetParser({ protocolVersion: 5 });
  const send = (packet) => socket.write(generate(packet, { protocolVersion: 5 }));
  socket.on('data', (bytes) => parser.parse(bytes));
  parser.on('packet', (packet) => {
    if (packet.cmd === 'connect') send({ cmd: 'connack', reasonCode: 0, sessionPresent: false, properties: limits });
    if (packet.cmd !== 'publish') return;
    if (packet.length > 100) seen.tooLarge += 1;
    if (packet.qos === 2) seen.qos2 += 1;
    inFlight += 1;
    seen.inFlightMax = Math.max(seen.inFlightMax, inFlight);
    setTimeout(() => {
      inFlight -= 1;
      if (packet.qos === 1) send({ cmd: 'puback', messageId: packet.messageId, reasonCode: 0 });
    }, 200);
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `mqtt://127.0.0.1:${server.address().port}`;
const client = await mqtt.connectAsync(url, { protocolVersion: 5 });
await Promise.all(Array.from({ length: 100 }, (_, i) => client.publishAsync('t', `${i}`, { qos: 1 })));
await client.publishAsync('t', Buffer.alloc(500), { qos: 1 });
client.publish('t', 'x', { qos: 2 });
await sleep(300);
console.log(`announced ${JSON.stringify(limits)}; seen ${JSON.stringify(seen)}`);
assert.deepEqual(seen, { inFlightMax: 100, tooLarge: 1, qos2: 1 });
process.exit();
JS
node run.mjs
