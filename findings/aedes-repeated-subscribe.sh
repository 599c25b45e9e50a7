#!/usr/bin/env bash
# aedes 1.2.0 does not send retained publishes again when a client repeats a subscription.
# [MQTT-3.8.4-3] of MQTT 3.1.1: a SUBSCRIBE whose filter is identical to an existing one replaces it, and matching
# retained publishes must be sent again. A dashboard that asks for the state again this way waits for ever.
# Mosquitto sends them. For humtemp: the embedded broker has the behaviour of aedes; docs name it.
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
const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.address().port}`);
let retained = 0;
client.on('message', (_topic, _payload, packet) => (retained += packet.retain ? 1 : 0));
await client.publishAsync('labs/a/state', 'on', { qos: 1, retain: true });
const seen = [];
for (let i = 0; i < 3; i += 1) {
  await client.subscribeAsync('labs/+/state', { qos: 1 });
  await sleep(300);
  seen.push(retained);
}
console.log(`retained publishes after 1, 2, 3 equal SUBSCRIBEs: ${seen.join(', ')}; right is 1, 2, 3`);
assert.deepEqual(seen, [1, 1, 1]);
process.exit();
JS
node run.mjs
