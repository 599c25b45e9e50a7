import assert from 'node:assert/strict';
import { midBucket, temporaryFolder } from '@humtemp/test-services';
import type { EmbeddedStart, LabReport } from './embedded-start.js';
import { furtherListeners } from './further-listeners.js';
import type { Random } from './random.js';
import { type Listener, type Manner, MosquittoSub, REAL_CLIENTS, type RealClient } from './real-clients.js';
import { addToRecord, type LabRecord } from './recorded-load.js';
import { type StartParts, startTest } from './start-test.js';
import type { Publish } from './stubborn-client.js';
import { until } from './until.js';

const OBSERVATIONS = 20;
/** So many of each lab's publishes are sent once more, as radio does. */
const REPEATED = 3;
const PUBLISHES = OBSERVATIONS + REPEATED;
/** Every QoS in MQTT 3.1.1 and in MQTT 5. */
const MANNERS = ([4, 5] as const).flatMap((version) => ([0, 1, 2] as const).map((qos) => ({ version, qos })));
let otherListeners: readonly Listener[];

async function env(onEnd: StartParts['onEnd']): Promise<Record<string, string>> {
  const folder = await temporaryFolder('certificate');
  onEnd(() => folder.remove());
  const further = await furtherListeners(folder.path);
  otherListeners = further.listeners;
  return { ...midBucket().env, ...further.env };
}

startTest(
  'counts once what real clients publish, in both versions, at every QoS, over every listener',
  env,
  async (parts) => {
    const { start, seed, context } = parts;
    context.diagnostic(`SEED=${seed}`);
    const plain: Listener = { scheme: 'mqtt', port: start.ports.mqtt };
    const publishing = new Publishing(parts);
    for (const listener of [plain, ...otherListeners])
      for (const client of REAL_CLIENTS)
        if (client.schemes.includes(listener.scheme)) await publishing.publish(client, listener, 'alone');

    const mqtts = otherListeners.find(({ scheme }) => scheme === 'mqtts')!;
    const subscribers = [await MosquittoSub.start(mqtts, 4), await MosquittoSub.start(plain, 5)];
    for (const subscriber of subscribers) parts.onEnd(() => subscriber.close());
    const alone = publishing.published.length;
    for (const client of REAL_CLIENTS) await publishing.publish(client, plain, 'heard');
    const heard = publishing.published
      .slice(alone)
      .map(({ qos, topic, payload }) => `${qos} ${topic} ${payload}`);
    for (const subscriber of subscribers) {
      await until(() => subscriber.received.length >= heard.length);
      assert.deepEqual(subscriber.received.toSorted(), heard.toSorted());
      await subscriber.close();
    }

    const labs = publishing.published.length / PUBLISHES;
    const { committed, duplicate, rejected } = await start.stop();
    assert.deepEqual(
      { committed, duplicate, rejected },
      { committed: labs * OBSERVATIONS, duplicate: labs * REPEATED, rejected: {} },
    );
  },
);

/** Lets clients publish, and holds what the API says of each lab against it. */
class Publishing {
  readonly published: (Publish & Manner)[] = [];

  constructor(readonly parts: StartParts) {}

  /** One lab for each manner; all at a time. Skipped if the client cannot be had. */
  async publish(client: RealClient, listener: Listener, situation: string): Promise<void> {
    const { start, random, context } = this.parts;
    await context.test(`${client.name}, ${listener.scheme}, ${situation}`, async (subtest) => {
      const folder = await temporaryFolder('client');
      subtest.after(() => folder.remove());
      const publishWith = await client.prepare(folder.path).catch((error: Error) => {
        subtest.skip(error.message);
      });
      if (publishWith === undefined) return;
      const records = new Map<string, LabRecord>();
      const name = `${client.name.replaceAll(' ', '-')}-${listener.scheme}-${situation}`;
      await Promise.all(
        MANNERS.map(async (manner) => {
          const lab = `${name}-${manner.version}-${manner.qos}`;
          const publishes = observationsOf(lab, random, records);
          await publishWith(listener, manner, publishes);
          this.published.push(...publishes.map((publish) => ({ ...publish, ...manner })));
        }),
      );
      // Nobody is told when a publish at QoS 0 has arrived.
      await start.untilReceived(this.published.length);
      for (const [lab, record] of records) await checkLab(start, lab, record);
    });
  }
}

/** Observations of one lab, some of them repeated. */
function observationsOf(lab: string, random: Random, records: Map<string, LabRecord>): Publish[] {
  const nowMs = Date.now();
  const publishes = Array.from({ length: OBSERVATIONS }, (_, i) => {
    const temp = Math.floor(random() * 300_000) - 100_000;
    const humidity = Math.floor(random() * 100_001);
    addToRecord(records, lab, temp, humidity);
    const payload = { timestamp: (nowMs - i) / 1000, temp: temp / 1000, humidity: humidity / 1000 };
    return { topic: `labs/${lab}/observation`, payload: JSON.stringify(payload) };
  });
  return [...publishes, ...publishes.slice(0, REPEATED)];
}

/** The lab's own page and its line of the summary, each average one division of exact integers. */
async function checkLab(start: EmbeddedStart, lab: string, record: LabRecord): Promise<void> {
  const { observations: count, tempSum, humiditySum, tempMin, tempMax } = record;
  const avgTemp = tempSum / (count * 1000);
  const avgHumidity = humiditySum / (count * 1000);
  const { current } = await start.get<LabReport>(`/labs/${lab}`);
  assert.equal(current?.observations, count, lab);
  const { temp, humidity } = current;
  assert.deepEqual(
    [temp.count, temp.avg, temp.min, temp.max],
    [count, avgTemp, tempMin / 1000, tempMax / 1000],
    lab,
  );
  assert.deepEqual([humidity.count, humidity.avg], [count, avgHumidity], lab);
  const summary = await start.get<{ lab_id: string }[]>('/summary?offset=0');
  assert.deepEqual(
    summary.find(({ lab_id }) => lab_id === lab),
    { lab_id: lab, avg_temp: avgTemp, avg_humidity: avgHumidity },
  );
}
