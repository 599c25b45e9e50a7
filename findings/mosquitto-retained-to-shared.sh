#!/usr/bin/env bash
# Mosquitto 2.0.11 (Debian 12) sends every retained publish to every member of a shared subscription, over MQTT 5 too.
# MQTT 5, 4.8.2: of a shared subscription, retained messages are not sent to the session when it first subscribes.
# Two members of one group subscribe to 10 retained topics: each gets all 10, so a group of workers would count them twice.
# Retain Handling 1 (3.8.3.1) limits that to the first subscription of a session; Retain Handling 2 avoids it.
# For humtemp: the worker subscribes with Retain Handling 1, and counts a replayed publish only with a timestamp.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
apt-get download --quiet=2 "mosquitto=2.0.11-1.2+deb12u2" "libdlt2" "libwebsockets17" "libcjson1" "libev4" "libuv1" "libmosquitto1=2.0.11-1.2+deb12u2"
for package in ./*.deb; do dpkg -x "$package" package; done
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mqtt@5.16.0
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';

const probe = net.createServer();
await new Promise((resolve) => probe.listen(0, '127.0.0.1', resolve));
const { port } = probe.address();
await new Promise((resolve) => probe.close(resolve));
writeFileSync('mosquitto.conf', `listener ${port} 127.0.0.1\nallow_anonymous true\nsys_interval 1\n`);
const broker = spawn('package/usr/sbin/mosquitto', ['-c', 'mosquitto.conf'], { stdio: 'ignore' });
try {
  const url = `mqtt://127.0.0.1:${port}`;
  await sleep(1000);
  const publisher = await mqtt.connectAsync(url, { protocolVersion: 5 });
  for (let i = 0; i < 10; i++) await publisher.publishAsync(`t/${i}`, 'x', { qos: 1, retain: true });
  const seen = {};
  for (const rh of [0, 1, 2])
    for (const member of ['a', 'b']) {
      const name = `rh${rh} ${member}`;
      const options = { protocolVersion: 5, clientId: name, clean: false, properties: { sessionExpiryInterval: 60 } };
      for (const connection of ['first', 'again']) {
        const client = await mqtt.connectAsync(url, options);
        const key = `${name} ${connection}`;
        seen[key] = 0;
        client.on('message', () => (seen[key] += 1));
        await client.subscribeAsync(`$share/g${rh}/t/+`, { qos: 1, rh });
        await sleep(300);
        await client.endAsync();
      }
    }
  console.log(`10 retained publishes; delivered to members of shared subscriptions: ${JSON.stringify(seen)}`);
  const expected = { 0: [10, 10], 1: [10, 0], 2: [0, 0] };
  for (const rh of [0, 1, 2])
    for (const member of ['a', 'b'])
      assert.deepEqual([seen[`rh${rh} ${member} first`], seen[`rh${rh} ${member} again`]], expected[rh]);
} finally {
  broker.kill();
}
process.exit();
JS
LD_LIBRARY_PATH=$(echo package/usr/lib/*-linux-gnu) node run.mjs
