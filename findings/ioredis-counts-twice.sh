#!/usr/bin/env bash
# ioredis 6.0.0 executes a command twice when the connection is lost before its reply.
# With the options as they come, HINCRBY by 1 raises a counter by 2 and the promise resolves: nobody learns of it. The
# documentation names autoResendUnfulfilledCommands, which is about this, and is on.
# For humtemp: correctness does not come from client options; each commit to Redis may be repeated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ioredis@6.0.0
cat >run.mjs <<'JS'
import assert from 'node:assert/strict';
import net from 'node:net';
import { Redis } from 'ioredis';

// A server of one counter that loses its first connection after it has executed the command.
let counter = 0;
let connections = 0;
const server = net.createServer((socket) => {
  connections += 1;
  const isFirst = connections === 1;
  socket.on('data', (bytes) => {
    for (const [, command] of bytes.toString().matchAll(/\*\d+\r\n\$\d+\r\n(\w+)/g)) {
      if (command.toLowerCase() === 'info') {
        const text = 'redis_version:7.0.15\r\nloading:0\r\n';
        socket.write(`$${text.length}\r\n${text}\r\n`);
      } else if (command.toLowerCase() === 'hincrby') {
        counter += 1;
        if (isFirst) socket.destroy();
        else socket.write(`:${counter}\r\n`);
      } else socket.write('+OK\r\n');
    }
  });
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const redis = new Redis({ host: '127.0.0.1', port: server.address().port });
redis.on('error', () => {});
const reply = await redis.hincrby('lab-1', 'observations', 1);
console.log(`asked for +1 once; the server counts ${counter}; the client resolved with ${reply}`);
assert.deepEqual([counter, reply], [2, 2]);
process.exit();
JS
node run.mjs
