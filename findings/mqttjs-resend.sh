#!/usr/bin/env bash
# mqtt.js 5.16.0 re-sends after a reconnect one publish at a time, and without the DUP flag.
# [MQTT-3.3.1-1]: DUP must be 1 on any re-delivery. And where 1,000 were in flight before, each now waits for the PUBACK of the
# one before: with a broker that answers after 20 ms, 1,000 take 20 s instead of 20 ms.
# For humtemp: DUP is never evidence; a gateway on mqtt.js drains slowly after a restart (docs say so).
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

let connections = 0;
let inFlight = 0;
const seen = { before: 0, after: 0, withDup: 0, inFlightMaxAfter: 0 };
const server = net.createServer((socket) => {
  connections += 1;
  const isFirst = connections === 1;
  const parser = packetParser({ protocolVersion: 4 });
  socket.on('data', (bytes) => parser.parse(bytes));
  parser.on('packet', (packet) => {
    if (packet.cmd === 'connect') socket.write(generate({ cmd: 'connack', returnCode: 0, sessionPresent: !isFirst }));
    if (packet.cmd !== 'publish') return;
    if (isFirst) {
      seen.before += 1;
      if (seen.before === 50) socket.destroy();
      return;
    }
    seen.after += 1;
    seen.withDup += packet.dup ? 1 : 0;
    inFlight += 1;
    seen.inFlightMaxAfter = Math.max(seen.inFlightMaxAfter, inFlight);
    setTimeout(() => {
      inFlight -= 1;
      socket.write(generate({ cmd: 'puback', messageId: packet.messageId }));
    }, 20);
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${server.address().port}`, {
  clean: false,
  clientId: 'gateway',
  reconnectPeriod: 50,
});
await Promise.all(Array.from({ length: 50 }, (_, i) => client.publishAsync('t', `${i}`, { qos: 1 })));
console.log(JSON.stringify(seen));
assert.deepEqual(seen, { before: 50, after: 50, withDup: 0, inFlightMaxAfter: 1 });
process.exit();
JS
node run.mjs
