#!/usr/bin/env bash
# Mosquitto 2.0.11 (Debian 12) drops QoS 2 publishes that a subscriber has no room for in flight, over MQTT 3.1.1.
# A burst of 100 with the default max_inflight_messages of 20: the publisher completes all 100, the subscriber at QoS 2 gets 20,
# and $SYS/broker/publish/messages/dropped stays 0. The same burst at QoS 1 arrives whole.
# For humtemp: docker/mosquitto.conf raises max_inflight_messages, and the docs advise QoS 1 from sensors.
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
  const subscriber = await mqtt.connectAsync(url, { protocolVersion: 4 });
  const publisher = await mqtt.connectAsync(url, { protocolVersion: 4 });
  const seen = { qos2: 0, qos1: 0, dropped: '' };
  subscriber.on('message', (topic, payload) => {
    if (topic.startsWith('$SYS')) seen.dropped = payload.toString();
    else seen[topic] += 1;
  });
  await subscriber.subscribeAsync('+', { qos: 2 });
  for (const qos of [2, 1]) {
    await Promise.all(Array.from({ length: 100 }, (_, i) => publisher.publishAsync(`qos${qos}`, `${i}`, { qos })));
    await sleep(2000);
  }
  await subscriber.subscribeAsync('$SYS/broker/publish/messages/dropped');
  await sleep(1500);
  console.log(`published 100 and 100, all completed; seen by the subscriber: ${JSON.stringify(seen)}`);
  assert.deepEqual(seen, { qos2: 20, qos1: 100, dropped: '0' });
} finally {
  broker.kill();
}
process.exit();
JS
LD_LIBRARY_PATH=$(echo package/usr/lib/*-linux-gnu) node run.mjs
