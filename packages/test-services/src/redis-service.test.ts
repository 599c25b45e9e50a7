import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { startRedis } from './index.js';

/** Sends one inline command on a connection of its own; undefined when nothing comes back in time. */
async function ask(port: number, command: string, answerMsMax = 2_000): Promise<string | undefined> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    socket.write(`${command}\r\n`);
    const [answer] = (await once(socket, 'data', { signal: AbortSignal.timeout(answerMsMax) })) as [Buffer];
    return answer.toString();
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

test('a private Redis starts, answers, and is gone when closed', async () => {
  const redis = await startRedis();
  try {
    assert.equal(redis.url, `redis://${redis.host}:${redis.port}`);
    assert.equal(await ask(redis.port, 'PING'), '+PONG\r\n');
  } finally {
    await redis.close();
    await redis.close();
  }
  assert.equal(await ask(redis.port, 'PING'), undefined);
  assert.match(redis.log(), /Ready to accept connections/);
});

test('what an append-only Redis acknowledged survives kill and start on the same port', async () => {
  const redis = await startRedis({ directives: { appendonly: 'yes', appendfsync: 'always' } });
  try {
    assert.equal(await ask(redis.port, 'SET lab 21.5'), '+OK\r\n');
    await redis.kill();
    await redis.kill();
    assert.equal(await ask(redis.port, 'PING'), undefined);
    await redis.start();
    assert.equal(await ask(redis.port, 'GET lab'), '$4\r\n21.5\r\n');
    await redis.terminate();
    await redis.start();
    assert.equal(await ask(redis.port, 'GET lab'), '$4\r\n21.5\r\n');
  } finally {
    await redis.close();
  }
  assert.equal(redis.log().match(/Ready to accept connections/g)?.length, 3);
});

test('a frozen Redis accepts and does not answer, until thawed, and can be ended frozen', async () => {
  const redis = await startRedis();
  try {
    await redis.freeze();
    assert.equal(await ask(redis.port, 'PING', 300), undefined);
    await redis.thaw();
    assert.equal(await ask(redis.port, 'PING'), '+PONG\r\n');
    await redis.freeze();
    await redis.terminate();
    await redis.start();
    await redis.freeze();
    await redis.kill();
    await redis.start();
    assert.equal(await ask(redis.port, 'PING'), '+PONG\r\n');
    await redis.freeze();
  } finally {
    await redis.close();
  }
});

test('several servers run beside each other on ports of their own', async () => {
  const servers = await Promise.all([startRedis(), startRedis(), startRedis()]);
  try {
    assert.equal(new Set(servers.map((server) => server.port)).size, 3);
    for (const server of servers) assert.equal(await ask(server.port, 'PING'), '+PONG\r\n');
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
});

test('a wrong directive fails with what the server printed', async () => {
  await assert.rejects(startRedis({ directives: { 'no-such-directive': '1' } }), /no-such-directive/);
});
