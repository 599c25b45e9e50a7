#!/usr/bin/env bash
# aedes 1.2.0 delivers at the lowest QoS of a client's overlapping subscriptions.
# MQTT 3.1.1, section 3.3.5: a server that delivers one copy must respect the maximum QoS of all matching
# subscriptions. Here one copy comes at QoS 0, whichever filter was subscribed first, so a publish at QoS 2 that a
# subscriber asked for at QoS 2 may be lost.
# For humtemp: the embedded broker works out the QoS of each copy itself.
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
const publisher = await mqtt.connectAsync(url);
const seen = {};
for (const [name, filters] of [
  ['QoS 2 first', [['labs/+', 2], ['labs/#', 0]]],
  ['QoS 0 first', [['labs/#', 0], ['labs/+', 2]]],
]) {
  const subscriber = await mqtt.connectAsync(url);
  seen[name] = [];
  subscriber.on('message', (_topic, _payload, packet) => seen[name].push(packet.qos));
  for (const [filter, qos] of filters) await subscriber.subscribeAsync(filter, { qos });
}
await publisher.publishAsync('labs/a', 'x', { qos: 2 });
await sleep(500);
console.log('QoS of the copies, right is [2]:', JSON.stringify(seen));
assert.deepEqual(seen, { 'QoS 2 first': [0], 'QoS 0 first': [0] });
process.exit();
JS
node run.mjs
