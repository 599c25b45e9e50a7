import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { Crowd, connectFrame, openFilesMax } from './crowd.js';
import type { EmbeddedStart } from './embedded-start.js';
import { addToRecord, type LabRecord } from './recorded-load.js';
import { startTest } from './start-test.js';

const IDLE = 2000;
const HALF_OPEN = 500;
const HALF_CONNECT = 50;
/** Files of this process besides the crowd. */
const OTHER_FILES = 200;
const OBSERVATIONS = 5000;
/**
 * So much of each payload says nothing: in all more than the sockets of a subscriber that does not read take
 * in.
 */
const PADDING = 'x'.repeat(3000);
const PUBLISHING_MS_MAX = 240_000;
const RSS_BYTES_MAX = 600e6;
/** Longer than the test: who waits for a subscriber that does not read waits in vain. */
const env = { HUMTEMP_MQTT_SUBSCRIBER_TIMEOUT: '1h' };

startTest('amid a crowd that only costs it serves a client that publishes', env, async (parts) => {
  const { start, random, context } = parts;
  const crowd = new Crowd(start.ports.mqtt);
  parts.onEnd(() => crowd.close());
  const idle = Math.min(IDLE, (await openFilesMax()) - HALF_OPEN - HALF_CONNECT - OTHER_FILES);
  await crowd.idleClients(idle);
  await crowd.unfinished(HALF_OPEN, Buffer.from([0x10]));
  await crowd.unfinished(HALF_CONNECT, connectFrame('half').subarray(0, 9));
  await crowd.browser();
  crowd.tlsClient();
  await crowd.deafSubscriber('labs/#', 0);
  await crowd.deafSubscriber('labs/+/observation', 1);

  const record = new Map<string, LabRecord>();
  const startMs = Date.now();
  let done = false;
  parts.onEnd(async () => {
    done = true;
  });
  const watching = watch(start, () => done);
  // It is awaited below; if something fails before, that is the news.
  watching.catch(() => {});
  const client = await connectAsync(start.url, { protocolVersion: 4, reconnectPeriod: 0 });
  parts.onEnd(() => client.endAsync(true));
  const publishes = Array.from({ length: OBSERVATIONS }, (_, i) => {
    const lab = `lab-${i % 20}`;
    const temp = Math.floor(random() * 40_000);
    addToRecord(record, lab, temp, i);
    const payload = { timestamp: (startMs - i) / 1000, temp: temp / 1000, humidity: i / 1000, note: PADDING };
    return client.publishAsync(`labs/${lab}/observation`, JSON.stringify(payload), { qos: 1 });
  });
  await within(PUBLISHING_MS_MAX, Promise.all(publishes));
  done = true;
  const { answers, rssBytesMax } = await watching;
  assert.deepEqual([...answers], [200]);
  assert.equal(crowd.idle, idle, 'nobody was sent away');
  assert.ok(rssBytesMax < RSS_BYTES_MAX, `${rssBytesMax} bytes resident`);
  await crowd.close();
  await client.endAsync();
  await start.stop();
  await start.checkExact(record);
  context.diagnostic(`${idle} idle clients; at most ${Math.round(rssBytesMax / 1e6)} MB resident`);
});

/** @throws Error when it takes longer, which is far more than it needs. */
async function within(msMax: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${msMax} ms`)), msMax);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** What /readyz answers and how much memory the process has, until it is over. */
async function watch(
  start: EmbeddedStart,
  isOver: () => boolean,
): Promise<{ answers: Set<number>; rssBytesMax: number }> {
  const { processes } = await start.get<{ processes: { process: string }[] }>('/ledger');
  // role-host-pid-random
  const pid = processes[0]!.process.split('-').at(-2)!;
  const answers = new Set<number>();
  let rssBytesMax = 0;
  while (!isOver()) {
    answers.add((await fetch(`${start.ports.baseUrl}/readyz`)).status);
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    rssBytesMax = Math.max(rssBytesMax, Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024);
    await pause(50);
  }
  return { answers, rssBytesMax };
}
