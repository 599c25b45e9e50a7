import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  freePort,
  startMosquitto,
  startRedis,
  type TemporaryFolder,
  temporaryFolder,
} from '@humtemp/test-services';
import mqtt from 'mqtt';
import { type DoctorOptions, examine } from './doctor.js';

const COMMAND = fileURLToPath(new URL('../../../bin/humtemp.js', import.meta.url));
const NOBODY = 65_534;

let folder: TemporaryFolder;
before(async () => {
  folder = await temporaryFolder('humtemp-doctor');
});
after(() => folder.remove());

/** What is not well, as `level area: what → change`. */
async function complaints(
  env: Record<string, string>,
  options: Partial<DoctorOptions> = {},
): Promise<string[]> {
  const ports = { HUMTEMP_MQTT_PORT: `${await freePort()}`, HUMTEMP_API_PORT: `${await freePort()}` };
  const all = await examine(
    { HUMTEMP_DATA_DIR: join(folder.path, 'data'), ...ports, ...env },
    { role: 'start', listenMs: 300, freeMib: () => 50_000, ...options },
  );
  return all
    .filter(({ level }) => level !== 'ok')
    .map(({ level, area, what, change }) => `${level} ${area}: ${what} → ${change}`);
}

test('the doctor finds nothing where all is well', async () => {
  assert.deepEqual(await complaints({}), []);
});

test('the doctor names each bad variable, and one that does not exist', async () => {
  const [unknown, bad, ...others] = await complaints({
    HUMTEMP_MQTT_PROT: '1884',
    HUMTEMP_BUCKET_DURATION: 'day',
  });
  assert.match(unknown!, /^warning configuration: there is no variable HUMTEMP_MQTT_PROT →/);
  assert.match(bad!, /^error configuration: HUMTEMP_BUCKET_DURATION=day is not good → .*an integer from 1/);
  assert.deepEqual(others, []);
});

test('the doctor names a key file that is missing, or that every user can read', async () => {
  const [cert, key] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
  await writeFile(cert, '');
  const env = {
    HUMTEMP_MQTT_TLS_PORT: `${await freePort()}`,
    HUMTEMP_MQTT_CERT_FILE: cert,
    HUMTEMP_MQTT_KEY_FILE: key,
  };
  const [missing, ...others] = await complaints(env);
  assert.match(missing!, /^error files: HUMTEMP_MQTT_KEY_FILE=.*key.pem: there is no such file →/);
  assert.deepEqual(others, []);
  await writeFile(key, '');
  await chmod(key, 0o644);
  assert.deepEqual(await complaints(env), [
    `warning files: HUMTEMP_MQTT_KEY_FILE=${key} can be read by every user of this machine → chmod o-r ${key}`,
  ]);
});

test('the doctor names a key file that its user may not read', async (t) => {
  const open = await temporaryFolder('humtemp-doctor-user');
  t.after(() => open.remove());
  await chmod(open.path, 0o755);
  await chmod(dirname(open.path), 0o711);
  const [cert, key] = [join(open.path, 'cert.pem'), join(open.path, 'key.pem')];
  for (const file of [cert, key]) await writeFile(file, '');
  const isRoot = process.getuid!() === 0;
  await chmod(key, isRoot ? 0o600 : 0);
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('HUMTEMP_'));
  const env = {
    ...Object.fromEntries(inherited),
    HUMTEMP_DATA_DIR: '/tmp/humtemp-doctor-no-data',
    HUMTEMP_MQTT_PORT: `${await freePort()}`,
    HUMTEMP_API_PORT: `${await freePort()}`,
    HUMTEMP_MQTT_TLS_PORT: `${await freePort()}`,
    HUMTEMP_MQTT_CERT_FILE: cert,
    HUMTEMP_MQTT_KEY_FILE: key,
  };
  // Root may read everything, so another user runs it.
  const { stdout, stderr } = spawnSync(process.execPath, [COMMAND, 'doctor', '--json'], {
    env,
    cwd: '/',
    encoding: 'utf8',
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  });
  if (isRoot && /EACCES|Cannot find module/.test(stderr))
    return t.skip('nobody but root can read these sources');
  const findings = JSON.parse(stdout) as { level: string; area: string; what: string; change?: string }[];
  const [unreadable, ...others] = findings.filter(
    ({ level, area }) => level !== 'ok' && area !== 'data folder',
  );
  assert.equal(unreadable?.what, `HUMTEMP_MQTT_KEY_FILE=${key}: this user may not read it`);
  assert.equal(unreadable.change, `chgrp USER ${key} && chmod g+r ${key}`);
  assert.deepEqual(others, []);
});

test('the doctor names what keeps clients from an API', async (t) => {
  const state = { ready: 200, labs: 200 };
  const server = createHttpServer((request, response) => {
    response.statusCode = request.url === '/readyz' ? state.ready : state.labs;
    if (request.url === '/stream') return void response.write(':\n\n');
    const body = response.statusCode === 200 ? { status: 'ready' } : { detail: 'the store does not answer' };
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  assert.deepEqual(await complaints({}, { url }), []);
  state.labs = 401;
  assert.deepEqual(await complaints({}, { url }), []);
  state.labs = 421;
  assert.deepEqual(await complaints({}, { url }), [
    `error API: it refuses the name ${new URL(url).host} → HUMTEMP_PUBLIC_HOSTS=127.0.0.1`,
  ]);
  Object.assign(state, { ready: 503, labs: 401 });
  const [unready, ...others] = await complaints({}, { url });
  assert.match(unready!, /^error API: .* is not ready: the store does not answer → humtemp doctor with/);
  assert.deepEqual(others, []);
  const [nothing] = await complaints({}, { url: `http://127.0.0.1:${await freePort()}` });
  assert.match(nothing!, /^error API: .*ECONNREFUSED.* → HUMTEMP_API_HOST/);
});

test('the doctor names a disk that is full', async () => {
  const [full, ...others] = await complaints({}, { freeMib: () => 3 });
  assert.match(full!, /^error data folder: the disk of .* has 3 MiB left → make room/);
  assert.deepEqual(others, []);
});

test('the doctor names a port that is taken', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const [taken, ...others] = await complaints({ HUMTEMP_API_PORT: `${port}` });
  assert.match(
    taken!,
    new RegExp(`^error ports: HUMTEMP_API_PORT=${port}: something listens there .* → HUMTEMP_API_PORT=PORT`),
  );
  assert.deepEqual(others, []);
});

test('the doctor names a Redis that evicts, that keeps nothing, or that has another clock', async (t) => {
  const redis = await startRedis({ directives: { 'maxmemory-policy': 'allkeys-lru', appendonly: 'yes' } });
  t.after(() => redis.close());
  const evicting = await complaints({ HUMTEMP_REDIS_URL: redis.url });
  assert.match(
    evicting[0]!,
    /^error Redis: maxmemory-policy is allkeys-lru: .* → maxmemory-policy noeviction/,
  );
  assert.equal(evicting.length, 1);
  const hourAhead = await complaints(
    { HUMTEMP_REDIS_URL: redis.url },
    { nowMs: () => Date.now() + 3_600_000 },
  );
  assert.match(hourAhead[1]!, /^error clock: the clock of this machine is 36\d\d s ahead of that of Redis/);
  const longBehind = await complaints(
    { HUMTEMP_REDIS_URL: redis.url },
    { nowMs: () => Date.now() - 10 * 365 * 86_400_000 },
  );
  assert.match(longBehind[1]!, /^error clock: the clock of this machine is \d+ s behind that of Redis/);
  assert.deepEqual([hourAhead.length, longBehind.length], [2, 2]);
  const alone = await complaints({ HUMTEMP_REDIS_URL: redis.url, HUMTEMP_DURABILITY: 'replica' });
  assert.match(alone[1]!, /^error Redis: it has no replica: .*nothing is acknowledged → replicaof/);

  const forgetful = await startRedis();
  t.after(() => forgetful.close());
  const [nothingKept, ...others] = await complaints({ HUMTEMP_REDIS_URL: forgetful.url });
  assert.match(nothingKept!, /^warning Redis: there is no append-only file: .* → appendonly yes/);
  assert.deepEqual(others, []);
});

test('the doctor names a Redis and a broker that do not answer', async () => {
  const port = await freePort();
  const findings = await complaints({
    HUMTEMP_REDIS_URL: `redis://127.0.0.1:${port}`,
    HUMTEMP_MQTT_URL: `mqtt://127.0.0.1:${port}`,
  });
  assert.match(findings[0]!, /^error Redis: 127\.0\.0\.1:\d+: .*ECONNREFUSED.* → HUMTEMP_REDIS_URL/);
  assert.match(findings[1]!, /^error broker: mqtt:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED.* → HUMTEMP_MQTT_URL/);
  assert.equal(findings.length, 2);
});

test('the doctor names what a stock Mosquitto does, and a filter that matches nothing', async (t) => {
  const mosquitto = await startMosquitto();
  t.after(() => mosquitto.close());
  const publisher = await mqtt.connectAsync(mosquitto.url);
  t.after(() => publisher.endAsync(true));
  const timer = setInterval(() => publisher.publish('zigbee2mqtt/kitchen', '{}'), 20);
  t.after(() => clearInterval(timer));
  const [inflight, traffic, ...others] = await complaints({ HUMTEMP_MQTT_URL: mosquitto.url });
  assert.match(inflight!, /^warning broker: it has 20 publishes in flight .* → max_inflight_messages 65535/);
  assert.match(
    traffic!,
    /^warning broker: nothing on labs\/\+\/observation within 0\.3 s, but on 1 other topics, such as zigbee2mqtt\/kitchen →/,
  );
  assert.deepEqual(others, []);

  const well = await startMosquitto({ config: 'max_inflight_messages 65535' });
  t.after(() => well.close());
  assert.deepEqual(await complaints({ HUMTEMP_MQTT_URL: well.url }), []);

  const [stock, ...more] = await complaints({ HUMTEMP_MQTT_URL: `${well.url},${mosquitto.url}` });
  assert.ok(stock!.startsWith(`warning broker: ${mosquitto.url}: it has 20 publishes in flight`), stock);
  assert.ok(
    more.every((line) => line.startsWith(`warning broker: ${mosquitto.url}: nothing on`)),
    more.join(),
  );
});
