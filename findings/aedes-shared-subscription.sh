#!/usr/bin/env bash
# aedes 1.2.0 grants a shared subscription and then delivers nothing to it.
# A client that subscribes to $share/GROUP/FILTER gets a SUBACK with the QoS that it asked for. MQTT 3.1.1 has no
# shared subscriptions, so a refusal (0x80) or a literal topic would both be right; a grant reads like support.
# For humtemp: the embedded broker refuses $share filters itself, and a worker tests that its shared subscription
# delivers before it is ready.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund aedes@1.2.0 mqtt@5.16.0
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';

const broker = await Aedes.createBroker();
const server = net.createServer(broker.handle);
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `mqtt://127.0.0.1:${server.address().port}`;
const shared = await mqtt.connectAsync(url);
const plain = await mqtt.connectAsync(url);
const publisher = await mqtt.connectAsync(url);
const got = { shared: 0, plain: 0 };
shared.on('message', () => (got.shared += 1));
plain.on('message', () => (got.plain += 1));
const [granted] = await shared.subscribeAsync('$share/workers/labs/+/observation', { qos: 1 });
await plain.subscribeAsync('labs/+/observation', { qos: 1 });
for (let i = 0; i < 20; i += 1) await publisher.publishAsync(`labs/lab-${i}/observation`, '{}', { qos: 1 });
await sleep(500);
console.log(`granted QoS ${granted.qos}; delivered of 20: shared ${got.shared}, plain ${got.plain}`);
assert.deepEqual({ qos: granted.qos, ...got }, { qos: 1, shared: 0, plain: 20 });
process.exit();
JS
node run.mjs
