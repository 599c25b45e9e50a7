import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import type { SourceTable } from '@humtemp/intake';
import { noOpenHandles, pause, TOPIC, timed, UNTIMED, until } from '@humtemp/test-services';
import { readSession, sessionName, sessionOf, sessionValue } from './session-record.js';
import { Scene, sourcesOf } from './worker.fixture.js';
import type { Worker } from './worker.js';

const SITE = 'sites/a/observation';
const LABS = sourcesOf('labs/+/observation');
const SITES = sourcesOf('sites/+/observation');
const BOTH = sourcesOf('labs/+/observation', 'sites/+/observation');
const ADOPTING = { adoptAfterS: 1 };

after(noOpenHandles);

const warnings = (log: readonly string[], message: string) =>
  log.filter((line) => line.includes(message)).length;

async function publish(
  scene: Scene,
  url: string,
  topic: string,
  times: number,
  payload: string = UNTIMED,
): Promise<void> {
  const publisher = await scene.client(url);
  for (let i = 0; i < times; i++) await publisher.publishAsync(topic, payload, { qos: 1 });
}

/** A worker that was there once: its session and its record stay. */
async function leave(scene: Scene, url: string, sources: SourceTable, clientId = 'gone'): Promise<void> {
  const gone = await scene.servingWorker(url, { ...ADOPTING, clientId, sources, process: clientId });
  await gone.close();
}

/** Resolves once the store knows of these sessions, each given as `TOPICS CLIENT`, and of no others. */
async function sessionsAre(scene: Scene, ...expected: string[]): Promise<void> {
  let last: string[] = [];
  for (let i = 0; i < 1000; i++) {
    const sessions = (await scene.held.store.sessions()).map(({ value }) => readSession(value)!);
    last = sessions.map(({ topics, clientId }) => `${topics} ${clientId}`).sort();
    if (last.join() === expected.toSorted().join()) return;
    await pause(10);
  }
  assert.deepEqual(last, expected.toSorted());
}

const isTakenOver = ({ notReadyReason }: Worker) =>
  notReadyReason?.includes('another client took over the session w1') === true;

const longFilters = (times: number) =>
  Array.from({ length: times }, (_, i) => `buildings/number-${i}/floors/+/observation`);

describe('the session of a worker that is gone', { concurrency: true }, () => {
  test('the session of a worker that is gone with topics that no other has is left, with one warning; its worker counts it all', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const { worker, log } = scene.worker(mosquitto.url, { ...ADOPTING, sources: LABS });
    await until(() => worker.notReadyReason === undefined);
    await leave(scene, mosquitto.url, BOTH);
    await publish(scene, mosquitto.url, SITE, 10);
    await until(() => warnings(log, 'was left behind with topics that no worker has') > 0);
    // Several more looks, at which it could be adopted.
    await pause(2000);
    assert.equal(warnings(log, 'was left behind'), 1);
    assert.ok(log.some((line) => line.includes('"topics":"labs/+/observation,sites/+/observation"')));
    await scene.servingWorker(mosquitto.url, { ...ADOPTING, clientId: 'gone', sources: BOTH });
    await publish(scene, mosquitto.url, SITE, 1);
    await scene.committed(11);
    await pause(100);
    assert.deepEqual(scene.counts, { committed: 11, duplicate: 0, rejected: {} });
  });

  test('the session of a worker that is gone is emptied by any worker that has its topics, under whatever client id', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    await leave(scene, mosquitto.url, BOTH);
    await publish(scene, mosquitto.url, SITE, 3);
    await publish(scene, mosquitto.url, TOPIC, 3);
    const more = sourcesOf(...BOTH.filters, 'more/+');
    await scene.servingWorker(mosquitto.url, { ...ADOPTING, sources: more });
    await scene.committed(6);
    await sessionsAre(scene, `labs/+/observation,more/+,sites/+/observation w1`);
    assert.deepEqual(scene.counts, { committed: 6, duplicate: 0, rejected: {} });
  });

  test('the session of a worker that is gone is emptied by a worker with the same long list of topics', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const sources = sourcesOf(...longFilters(100), 'labs/+/observation');
    await leave(scene, mosquitto.url, sources);
    await publish(scene, mosquitto.url, TOPIC, 3);
    scene.worker(mosquitto.url, { ...ADOPTING, sources });
    await scene.committed(3);
    await sessionsAre(scene, `${sources.filters.toSorted()} w1`);
    assert.deepEqual(scene.counts, { committed: 3, duplicate: 0, rejected: {} });
  });
});

describe('a worker whose topics were changed', { concurrency: true }, () => {
  test('a worker whose topics were changed counts what had waited, if it has more than before', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    await leave(scene, mosquitto.url, LABS, 'w1');
    await publish(scene, mosquitto.url, TOPIC, 3);
    await scene.servingWorker(mosquitto.url, { sources: BOTH });
    await publish(scene, mosquitto.url, SITE, 3);
    await publish(scene, mosquitto.url, TOPIC, 3);
    await scene.committed(9);
    await pause(100);
    assert.deepEqual(scene.counts, { committed: 9, duplicate: 0, rejected: {} });
    await sessionsAre(scene, `labs/+/observation,sites/+/observation w1`);
  });

  test('a worker whose topics were changed leaves the old ones to the others of its group', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    await leave(scene, mosquitto.url, BOTH, 'w1');
    await scene.servingWorker(mosquitto.url, { ...ADOPTING, sources: LABS });
    await scene.servingWorker(mosquitto.url, { ...ADOPTING, clientId: 'w2', process: 'w2', sources: SITES });
    await publish(scene, mosquitto.url, SITE, 10);
    await scene.committed(10);
    await sessionsAre(scene, `labs/+/observation w1`, `sites/+/observation w2`);
  });

  test('a worker whose topics were changed leaves an old one of a long list', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const less = longFilters(100);
    const sources = sourcesOf(...less, 'sites/+/observation');
    await leave(scene, mosquitto.url, sources, 'w1');
    await scene.servingWorker(mosquitto.url, { clientId: 'w2', process: 'w2', sources });
    await scene.servingWorker(mosquitto.url, { sources: sourcesOf(...less) });
    await publish(scene, mosquitto.url, SITE, 20);
    await scene.committed(20);
    assert.deepEqual(scene.counts, { committed: 20, duplicate: 0, rejected: {} });
  });

  for (const protocolVersion of [5, 4] as const) {
    const spoken = protocolVersion === 5 ? 'MQTT 5' : 'MQTT 3.1.1';

    test(`a worker whose topics were changed stops when another with its client id has other topics, in ${spoken}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await scene.mosquitto();
      const one = await scene.servingWorker(mosquitto.url, { protocolVersion, sources: LABS });
      const options = { protocolVersion, sources: SITES, process: 'other' };
      const { worker: other } = scene.worker(mosquitto.url, options);
      await until(() => isTakenOver(one));
      await until(() => other.notReadyReason === undefined);
      await publish(scene, mosquitto.url, SITE, 10);
      await scene.committed(10);
      assert.equal(other.notReadyReason, undefined);
      assert.deepEqual(scene.counts, { committed: 10, duplicate: 0, rejected: {} });
    });

    test(`a worker whose topics were changed notices that another process serves its session, in ${spoken}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await scene.mosquitto();
      const link = await scene.link(mosquitto);
      const worker = await scene.servingWorker(link.url, { protocolVersion });
      const name = `${new URL(link.url).host} g w1`;
      assert.equal(await scene.held.store.sessionOwner(name), 'this run');
      await scene.held.store.touchSession(name, 'another', 60);
      link.cut();
      await until(() => isTakenOver(worker));
    });

    test(`a worker whose topics were changed is not taken for two after a quick restart, in ${spoken}`, async (t) => {
      const scene = await Scene.open(t);
      const mosquitto = await scene.mosquitto();
      const options = { ...ADOPTING, adoptAfterS: 2, protocolVersion };
      const killed = await scene.servingWorker(mosquitto.url, { ...options, sources: LABS });
      await killed.close();
      const { worker } = scene.worker(mosquitto.url, { ...options, sources: SITES, process: 'again' });
      await until(() => worker.notReadyReason === undefined);
      await pause(4000);
      assert.equal(worker.notReadyReason, undefined);
      assert.equal(worker.counters.connections, 1);
      await sessionsAre(scene, `sites/+/observation w1`);
    });
  }

  test('a worker whose topics were changed is not taken for gone by a worker that has the old ones', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const worker = await scene.servingWorker(mosquitto.url, { ...ADOPTING, sources: LABS });
    // As if it had ended before it could say that it has left them.
    const left = sessionOf(SITES.filters, mosquitto.url, 'before', 'w1');
    await scene.held.store.touchSession(sessionName(left), 'before', 1, sessionValue(left));
    const { worker: other, log } = scene.worker(mosquitto.url, {
      ...ADOPTING,
      clientId: 'w2',
      process: 'w2',
      sources: SITES,
    });
    await until(() => other.notReadyReason === undefined);
    await pause(3000);
    assert.equal(worker.notReadyReason, undefined);
    assert.equal(worker.counters.connections, 1);
    assert.equal(warnings(log, 'was left behind'), 0);
  });

  test('a worker whose topics were changed warns at each connection of a publish that it cannot count', async (t) => {
    const scene = await Scene.open(t);
    const mosquitto = await scene.mosquitto();
    const link = await scene.link(mosquitto);
    const earlier = await scene.client(mosquitto.url, {
      clientId: 'w1',
      clean: false,
      properties: { sessionExpiryInterval: 60 },
    });
    await earlier.subscribeAsync('sites/#', { qos: 1 });
    await earlier.endAsync();
    const { worker, log } = scene.worker(link.url);
    const told = () => warnings(log, 'acknowledged and not counted: a publish on a topic of no filter');
    for (const connections of [1, 2]) {
      await until(() => worker.notReadyReason === undefined && worker.counters.connections === connections);
      await publish(scene, mosquitto.url, SITE, 3);
      // Timed: it may come again, if the connection is cut before it is acknowledged.
      await publish(scene, mosquitto.url, TOPIC, 1, timed(connections));
      await scene.committed(connections);
      await until(() => told() === connections);
      link.cut();
    }
    assert.ok(log.some((line) => line.includes(`"topic":"${SITE}"`)));
    assert.equal(scene.counts.committed, 2);
    assert.deepEqual(scene.counts.rejected, {});
  });
});

test('a worker refuses topic filters of which one publish may match two', async (t) => {
  const scene = await Scene.open(t);
  const mosquitto = await scene.mosquitto();
  const sources = sourcesOf('sites/+', 'labs/+/observation', 'labs/hall/+');
  assert.throws(() => scene.worker(mosquitto.url, { sources }), {
    name: 'RangeError',
    message: /^labs\/\+\/observation and labs\/hall\/\+ overlap.*leave one out/,
  });
});

test('of filters of which one covers another the wider one is subscribed to, and a publish counts once', async (t) => {
  const scene = await Scene.open(t);
  const mosquitto = await scene.mosquitto();
  const sources = sourcesOf('labs/+/observation', 'labs/#');
  assert.deepEqual(sources.filters, ['labs/#']);
  await scene.servingWorker(mosquitto.url, { sources });
  const publisher = await scene.client(mosquitto.url);
  await publisher.publishAsync(TOPIC, UNTIMED, { qos: 1 });
  await publisher.publishAsync('labs/a/b', UNTIMED, { qos: 1 });
  await scene.committed(2);
  assert.deepEqual(scene.counts, { committed: 2, duplicate: 0, rejected: {} });
});
