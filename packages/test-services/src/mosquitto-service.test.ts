import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { mosquittoClient, type Service, startMosquitto } from './index.js';

const run = promisify(execFile);

async function publish(broker: Service, ...options: string[]): Promise<void> {
  const address = ['-h', broker.host, '-p', String(broker.port)];
  await run(await mosquittoClient('mosquitto_pub'), [...address, '-t', 'labs/a/observation', ...options]);
}

/** The payload of the next (or retained) message. */
async function receive(broker: Service): Promise<string> {
  const address = ['-h', broker.host, '-p', String(broker.port)];
  const client = await mosquittoClient('mosquitto_sub');
  const { stdout } = await run(client, [...address, '-t', 'labs/#', '-C', '1', '-W', '5']);
  return stdout.trim();
}

test('a private Mosquitto starts, and mosquitto_pub can publish to it', async () => {
  const broker = await startMosquitto();
  try {
    assert.equal(broker.url, `mqtt://${broker.host}:${broker.port}`);
    await publish(broker, '-q', '1', '-m', '{"temp":21.5}');
    await broker.kill();
    await assert.rejects(publish(broker, '-m', 'nobody'));
    await broker.start();
    await publish(broker, '-q', '1', '-m', '{"temp":21.5}');
  } finally {
    await broker.close();
  }
});

test('a persistent Mosquitto keeps its retained messages over terminate and start', async () => {
  const broker = await startMosquitto({ config: 'persistence true\nmax_inflight_messages 100' });
  try {
    await publish(broker, '-q', '1', '-r', '-m', 'kept');
    await broker.terminate();
    await broker.start();
    assert.equal(await receive(broker), 'kept');
  } finally {
    await broker.close();
  }
});

test('files of the test are where the lines of the configuration look for them', async () => {
  const broker = await startMosquitto({
    config: 'acl_file {folder}/rules',
    files: { rules: 'topic readwrite labs/#\n' },
  });
  try {
    await publish(broker, '-q', '1', '-r', '-m', 'allowed');
    assert.equal(await receive(broker), 'allowed');
  } finally {
    await broker.close();
  }
});

test('a broker that lets nobody in anonymously is up all the same', async () => {
  const broker = await startMosquitto({ config: 'allow_anonymous false' });
  try {
    await assert.rejects(publish(broker, '-m', 'refused'));
  } finally {
    await broker.close();
  }
});
