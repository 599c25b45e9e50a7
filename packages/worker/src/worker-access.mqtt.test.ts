import assert from 'node:assert/strict';
import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  type Certificate,
  freePort,
  makeCertificate,
  noOpenHandles,
  pause,
  TOPIC,
  UNTIMED,
  until,
} from '@humtemp/test-services';
import { Scene } from './worker.fixture.js';

after(noOpenHandles);

describe('a broker with TLS', () => {
  let certificate: Certificate;
  before(async () => {
    certificate = await makeCertificate('broker');
  });

  /** A Mosquitto that listens for TLS on a second port. @param clients vouches for clients, which need a certificate */
  async function start(scene: Scene, clients?: string): Promise<{ plainUrl: string; port: number }> {
    const port = await freePort();
    const mosquitto = await scene.mosquitto({
      furtherPorts: [port],
      config: [
        `listener ${port} {address}`,
        'cafile {folder}/ca.crt',
        'certfile {folder}/server.crt',
        'keyfile {folder}/server.key',
        ...(clients === undefined ? [] : ['require_certificate true']),
      ].join('\n'),
      files: {
        'ca.crt': clients ?? certificate.ca,
        'server.crt': certificate.cert,
        'server.key': certificate.key,
      },
    });
    return { plainUrl: mosquitto.url, port };
  }

  for (const host of ['127.0.0.1', 'localhost'])
    test(`a broker with TLS is trusted by its private authority, as ${host}`, async (t) => {
      const warnings: string[] = [];
      const warned = (warning: Error) => void warnings.push(warning.message);
      process.on('warning', warned);
      const scene = await Scene.open(t);
      const { plainUrl, port } = await start(scene);
      await scene.servingWorker(`mqtts://${host}:${port}`, { ca: () => Buffer.from(certificate.ca) });
      const publisher = await scene.client(plainUrl);
      await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
      await scene.committed(1);
      await pause(20);
      process.off('warning', warned);
      assert.deepEqual(warnings, []);
    });

  test('a broker that asks for a certificate lets in a worker that shows its own, and no other', async (t) => {
    const scene = await Scene.open(t);
    const ours = await makeCertificate('worker');
    const { plainUrl, port } = await start(scene, ours.ca);
    const ca = () => Buffer.from(certificate.ca);
    const { worker: stranger } = scene.worker(`mqtts://127.0.0.1:${port}`, { ca });
    await until(() => stranger.notReadyReason !== undefined);
    await scene.servingWorker(`mqtts://127.0.0.1:${port}`, {
      ca,
      clientId: 'with-a-certificate',
      certificate: () => ({ cert: Buffer.from(ours.cert), key: Buffer.from(ours.key) }),
    });
    const publisher = await scene.client(plainUrl);
    await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await scene.committed(1);
    assert.equal(stranger.counters.connections, 0);
  });

  test('a broker with TLS is not trusted by another authority, nor by those of the system', async (t) => {
    const scene = await Scene.open(t);
    const { port } = await start(scene);
    const other = await makeCertificate('other');
    for (const ca of [{ ca: () => Buffer.from(other.ca) }, {}]) {
      const { worker } = scene.worker(`mqtts://127.0.0.1:${port}`, ca);
      await until(() => worker.notReadyReason?.includes('certificate') === true);
      assert.match(
        worker.notReadyReason ?? '',
        /self-signed certificate in certificate chain|unable to verify/,
      );
      assert.equal(worker.counters.connections, 0);
    }
  });

  test('a broker with TLS is trusted once its authority is in the file: it is asked for at each connection', async (t) => {
    const scene = await Scene.open(t);
    const { port } = await start(scene);
    let authority = Buffer.from((await makeCertificate('other')).ca);
    const { worker } = scene.worker(`mqtts://127.0.0.1:${port}`, { ca: () => authority });
    await until(() => worker.notReadyReason?.includes('certificate') === true);
    authority = Buffer.from(certificate.ca);
    await until(() => worker.notReadyReason === undefined);
  });
});

describe('a broker with accounts', () => {
  /** A line as mosquitto_passwd writes it. */
  function account(user: string, password: string): string {
    const salt = randomBytes(12);
    const hash = pbkdf2Sync(password, salt, 101, 64, 'sha512');
    return `${user}:$7$101$${salt.toString('base64')}$${hash.toString('base64')}\n`;
  }
  const PASSWORD = 'p@ss:w/ord?#%ü';
  const start = (scene: Scene) =>
    scene.mosquitto({
      config: 'allow_anonymous false\nlog_dest stderr\npassword_file {folder}/accounts',
      files: { accounts: account('us er', PASSWORD) },
    });
  const urlOf = (port: number, password: string) =>
    `mqtt://${encodeURIComponent('us er')}:${encodeURIComponent(password)}@127.0.0.1:${port}`;

  test('a broker with accounts is served with user and password of the URL', async (t) => {
    const scene = await Scene.open(t);
    const { port } = await start(scene);
    const { worker, log } = scene.worker(urlOf(port, PASSWORD));
    await until(() => worker.notReadyReason === undefined);
    const publisher = await scene.client(`mqtt://127.0.0.1:${port}`, {
      username: 'us er',
      password: PASSWORD,
    });
    await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await scene.committed(1);
    assert.doesNotMatch(log.join(''), /p@ss|p%40ss/);
  });

  for (const protocolVersion of [5, 4] as const)
    test(`a broker with accounts refuses a wrong password, which is retried and never printed, speaking ${protocolVersion}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await start(scene);
      const { worker, log } = scene.worker(urlOf(mosquitto.port, 'wr@ng secret'), { protocolVersion });
      await until(() => mosquitto.log().split('disconnected, not authorised').length > 3);
      assert.match(
        worker.notReadyReason ?? '',
        /us er:…@127\.0\.0\.1.*: Connection refused: Not authorized$/,
      );
      assert.doesNotMatch(log.join('') + worker.notReadyReason, /wr@ng|wr%40ng|secret/);
      assert.equal(worker.counters.connections, 0);
    });
});

describe('a broker with access rules', () => {
  test('a broker with access rules that refuses the subscription is retried, and says which', async (t) => {
    const scene = await Scene.open(t);
    let tries = 0;
    const { url } = await scene.aedes({
      authorizeSubscribe: (_client, _subscription, callback) => {
        tries += 1;
        // Answered with 0x80, failure [MQTT-3.9.3].
        callback(null, null);
      },
    });
    const { worker } = scene.worker(url, { group: '' });
    // In between it says that the broker does not speak MQTT 5, which is tried first each time.
    await until(
      () =>
        tries >= 3 && /refused the subscription to labs\/\+\/observation: /.test(worker.notReadyReason ?? ''),
    );
    assert.equal(worker.counters.connections, 0);
  });

  test('a broker with access rules of Mosquitto grants the subscription and delivers nothing, which looks like silence', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto({
      config: 'acl_file {folder}/rules',
      files: { rules: 'topic write labs/#\ntopic read other/#\n' },
    });
    const worker = await scene.servingWorker(mosquitto.url);
    const publisher = await scene.client(mosquitto.url);
    await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await pause(200);
    assert.deepEqual(scene.counts, { committed: 0, duplicate: 0, rejected: {} });
    assert.equal(worker.notReadyReason, undefined);
  });

  test('a broker with access rules is served when they allow to read observations, and no more', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto({
      config: 'acl_file {folder}/rules',
      files: { rules: 'topic readwrite labs/+/observation\n' },
    });
    const worker = await scene.servingWorker(mosquitto.url);
    const publisher = await scene.client(mosquitto.url);
    await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
    await scene.committed(1);
    assert.equal(worker.notReadyReason, undefined);
  });
});
