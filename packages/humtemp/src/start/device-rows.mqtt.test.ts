import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Broker, OPEN_ACCESS } from '@humtemp/broker';
import { DEFAULT_LIMITS } from '@humtemp/broker/limits';
import { ABSENT, type Batch, emptyCommitResult, matchesTopic, ROW_LENGTH } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { Intake } from '@humtemp/intake';
import { CUSTOM, DEVICE_ROWS, type DeviceRow } from '@humtemp/sources/device-rows';
import { startMosquitto, temporaryFolder, until } from '@humtemp/test-services';
import { Workers } from '@humtemp/worker';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { readConfig } from '../config/config.js';
import { brokersOf, workerOptions } from '../config/worker.js';
import { openSources } from './open-sources.js';

/** The time at which the table of rows was written down. */
const NOW_MS = 1_795_881_600_000;
const QUIET = pino({ enabled: false });

/** Commits by writing down, as lines of lab, temperature, humidity and time. */
class Commits {
  readonly lines: string[] = [];

  async commit(batch: Batch) {
    for (const [lab, rows] of batch.rowsByLab)
      for (let i = 0; i < rows.length; i += ROW_LENGTH)
        this.lines.push(lineOf(lab, rows[i + 2]!, rows[i + 3]!, rows[i]!));
    return { ...emptyCommitResult(), committed: batch.observations };
  }
}

function lineOf(lab: string, temp: number, humidity: number, ms: number): string {
  return `${lab} ${temp} ${humidity} ${ms}`;
}

/** The rows of one source after the other, as each lane is to read them. */
async function sendAll(
  t: TestContext,
  enter: (parts: { intake: Intake; sources: Awaited<ReturnType<typeof openSources>> }) => Promise<string>,
  served: () => Promise<void>,
  isTaken: (topic: string, filters: readonly string[]) => boolean = () => true,
): Promise<void> {
  const folder = await temporaryFolder('device-rows');
  const file = join(folder.path, 'sources.yaml');
  const names = [...new Set(DEVICE_ROWS.map(({ source }) => source))];
  const text = (name: string) => CUSTOM[name] ?? `sources:\n  ${name}: { preset: ${name} }\n`;
  await writeFile(file, text(names[0]!));
  const config = readConfig(
    { HUMTEMP_SOURCES: 'labs', HUMTEMP_SOURCES_FILE: file, HUMTEMP_BUCKET_RETENTION: '400' },
    'start',
  );
  const sources = await openSources(config, QUIET);
  const commits = new Commits();
  const intake = new Intake({
    store: commits,
    grid: config.grid,
    limits: { payloadBytesMax: 65_536, arrayLengthMax: 1000, pendingMax: 1000 },
    clock: () => NOW_MS,
  });
  t.after(async () => {
    sources.close();
    await intake.stop(1000);
    await folder.remove();
  });
  const url = await enter({ intake, sources });
  const client = await connectAsync(url, { reconnectPeriod: 0 });
  t.after(() => client.endAsync(true));
  for (const name of names) {
    await writeFile(file, text(name));
    await sources.reload();
    await served();
    for (const row of DEVICE_ROWS.filter(({ source }) => source === name)) {
      commits.lines.length = 0;
      const before = received(intake);
      const { payload, topic } = row;
      const body =
        Buffer.isBuffer(payload) || typeof payload === 'string' ? payload : JSON.stringify(payload);
      await client.publishAsync(topic, body, { qos: 1 });
      // A worker does not subscribe to what is ignored in any case.
      if (!isTaken(topic, sources.table.filters)) continue;
      await until(() => received(intake) > before);
      await intake.whenSettled();
      assert.deepEqual(commits.lines.sort(), expected(row), `${name}: ${topic} ${body}`);
    }
  }
}

/** Whether a worker subscribes to a topic. */
function isSubscribed(topic: string, filters: readonly string[]): boolean {
  return filters.some((filter) => matchesTopic(filter.split('/'), topic.split('/')));
}

/** Fates so far, of whatever kind. */
function received(intake: Intake): number {
  const { received, ignored = 0 } = intake.ledger.counters();
  return received + ignored;
}

function expected({ seen = [] }: DeviceRow): string[] {
  const thousandths = (value: number | undefined) =>
    value === undefined ? ABSENT : Math.round(value * 1000);
  return seen
    .map(({ lab, temp, humidity, at = NOW_MS }) => lineOf(lab, thousandths(temp), thousandths(humidity), at))
    .sort();
}

test('the embedded broker reads what every kind of device sends, and follows the file of sources', async (t) => {
  await sendAll(
    t,
    async ({ intake, sources }) => {
      const broker = await Broker.start({
        listeners: [{ kind: 'mqtt', host: '127.0.0.1', port: 0 }],
        certificate: undefined,
        sources: sources.table,
        intake,
        limits: DEFAULT_LIMITS,
        access: OPEN_ACCESS,
        log: QUIET,
      });
      t.after(() => broker.close());
      return `mqtt://127.0.0.1:${broker.portOf('mqtt')}`;
    },
    async () => {},
  );
});

test('a worker reads through Mosquitto what every kind of device sends, and its subscriptions follow', async (t) => {
  const mosquitto = await startMosquitto();
  const folder = await temporaryFolder('device-rows-worker');
  const config = readConfig({ HUMTEMP_MQTT_URL: mosquitto.url }, 'worker');
  const { grid, deduplicationHorizonS, labsMax, rejectionsMax } = config;
  const store = await EmbeddedStore.open({
    grid,
    deduplicationHorizonS,
    labsMax,
    rejectionsMax,
    dataDir: folder.path,
  });
  const closing: (() => unknown)[] = [];
  t.after(async () => {
    for (const close of closing.reverse()) await close();
    await store.close();
    await folder.remove();
    await mosquitto.close();
  });
  const logged: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void logged.push(line) });
  let wanted = 0;
  await sendAll(
    t,
    async ({ intake, sources }) => {
      const worker = new Workers(brokersOf(config), {
        ...workerOptions(config),
        group: '',
        sources: sources.table,
        toleratesOverlap: true,
        intake,
        store,
        process: 'this run',
        log,
      });
      closing.push(() => worker.close());
      await until(() => worker.notReadyReasons.length === 0);
      return mosquitto.url;
    },
    // Each exchange of the sources ends with this line.
    async () => {
      wanted += 1;
      await until(() => logged.filter((line) => line.includes('what the sources want now')).length >= wanted);
    },
    isSubscribed,
  );
});
