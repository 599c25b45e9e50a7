#!/usr/bin/env bash
# aedes 1.2.0 answers a SUBSCRIBE that names one filter twice with fewer return codes than it has filters.
# MQTT 3.1.1, section 3.9.3: a SUBACK has a code for each pair of filter and QoS, in their order. Here six filters, of which the
# first and the third are the same, get five codes: whoever counts them takes each code behind the third for that of its neighbour.
# For humtemp: clients without a session get a code for each filter; those with a session are served by aedes, and get what is
# shown here.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund aedes@1.2.0 mqtt-packet@9.0.2
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import net from 'node:net';
import { Aedes } from 'aedes';
import mqttPacket from 'mqtt-packet';

const broker = await Aedes.createBroker();
// The fifth filter is not allowed, so that it can be told from the others.
broker.authorizeSubscribe = (_client, subscription, callback) =>
  callback(null, subscription.topic === 'd' ? null : subscription);
const server = net.createServer(broker.handle);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const socket = net.connect(server.address().port, '127.0.0.1');
const parser = mqttPacket.parser({ protocolVersion: 4 });
socket.on('data', (bytes) => parser.parse(bytes));
const next = () => new Promise((resolve) => parser.once('packet', resolve));
const send = (packet) => socket.write(mqttPacket.generate(packet, { protocolVersion: 4 }));

send({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId: 'c', keepalive: 0 });
await next();
const filters = ['a', 'b', 'a', 'c', 'd', 'e'];
send({ cmd: 'subscribe', messageId: 1, subscriptions: filters.map((topic) => ({ topic, qos: 1 })) });
const { granted } = await next();
console.log(`${filters.length} filters, of which d is refused: codes ${granted.join(' ')}`);
assert.deepEqual(granted, [1, 1, 1, 128, 1]);
process.exit();
JS
node run.mjs
