import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort, type Service, startMosquitto, temporaryFolder, until } from '@humtemp/test-services';
import { connectAsync } from 'mqtt';

const COMMAND = fileURLToPath(new URL('../../../bin/humtemp.js', import.meta.url));

let broker: Service;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
before(async () => {
  broker = await startMosquitto();
  folder = await temporaryFolder('standard-input');
});
after(async () => {
  await broker.close();
  await folder.remove();
});

async function replayed(): Promise<ChildProcess> {
  const api = `http://127.0.0.1:${await freePort()}`;
  const argv = ['replay', '-', '--url', broker.url, '--api', api];
  return spawn(process.execPath, [COMMAND, ...argv], {
    env: { ...process.env, TMPDIR: folder.path },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
}

test('what comes on standard input is replayed, and its copy is gone afterwards', async () => {
  const subscriber = await connectAsync(broker.url);
  const topics: string[] = [];
  subscriber.on('message', (topic) => void topics.push(topic));
  await subscriber.subscribeAsync('labs/+/observation', { qos: 1 });
  const child = await replayed();
  child.stdin!.write('lab_id;timestamp;temp;humidity\na;1795316117;22,2;50,9\n');
  child.stdin!.end('b;1795316118;21,5;\n');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  await until(() => topics.length === 2);
  await subscriber.endAsync();
  assert.deepEqual(topics, ['labs/a/observation', 'labs/b/observation']);
  assert.deepEqual(await readdir(folder.path), []);
});

test('a replay that waits for its input can be stopped', async () => {
  const child = await replayed();
  for (let names: string[] = []; names.length === 0; ) names = await readdir(folder.path);
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [1, null]);
  assert.deepEqual(await readdir(folder.path), []);
});
