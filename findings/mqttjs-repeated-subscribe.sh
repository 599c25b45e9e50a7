#!/usr/bin/env bash
# mqtt.js 5.16.0 does not send a SUBSCRIBE for a filter that it has subscribed to before at that QoS or a higher one.
# Its promise resolves, with an empty list and no error. In MQTT a repeated SUBSCRIBE has effects: retained publishes come again
# [MQTT-3.8.4-3], and a lower QoS takes the place of the higher one. A dashboard on mqtt.js that asks for the state again this way
# gets nothing, and a client that lowers its QoS keeps the old one. To unsubscribe first helps.
# For humtemp: the worker compares what the broker granted with what it asked for, at each connection.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mqtt@5.16.0 mqtt-packet@9.0.2
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import net from 'node:net';
import mqtt from 'mqtt';
import { generate, parser as packetParser } from 'mqtt-packet';

const seen = [];
const server = net.createServer((socket) => {
  const parser = packetParser({ protocolVersion: 4 });
  socket.on('data', (bytes) => parser.parse(bytes));
  parser.on('packet', (packet) => {
    if (packet.cmd === 'connect') socket.write(generate({ cmd: 'connack', returnCode: 0, sessionPresent: false }));
    if (packet.cmd !== 'subscribe') return;
    const granted = packet.subscriptions.map(({ qos }) => qos);
    seen.push(`${packet.subscriptions[0].topic} at QoS ${granted[0]}`);
    socket.write(generate({ cmd: 'suback', messageId: packet.messageId, granted }));
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.address().port}`);
const resolved = [];
for (const qos of [1, 1, 0]) resolved.push((await client.subscribeAsync('labs/+/state', { qos })).length);
console.log(`subscribed at QoS 1, 1 and 0; the broker saw ${JSON.stringify(seen)}; grants returned: ${resolved.join(', ')}`);
assert.deepEqual(seen, ['labs/+/state at QoS 1']);
assert.deepEqual(resolved, [1, 0, 0]);
process.exit();
JS
node run.mjs
