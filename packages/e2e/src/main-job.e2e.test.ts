import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import {
  midBucket,
  mosquittoClient,
  type Service,
  startMosquitto,
  startRedis,
  temporaryFolder,
} from '@humtemp/test-services';
import { freePorts, HumtempProcess, type Ports, runHumtemp } from './humtemp-process.js';
import { csvOf, expectedByLab, sensorRows } from './sensor-rows.js';
import { until } from './until.js';

const exec = promisify(execFile);
const DAY_S = 86_400;

/** The bucket of today is half over, so that none ends while a test runs. */
const today = midBucket();
/** Hours around its border, so that two buckets have some of the rows. */
const endS = today.startS + 90 * 60;
const rows = sensorRows(19, 200, endS - 7 * 60);
const distinct = new Set(rows.map((row) => JSON.stringify(row))).size;

let folder: { path: string; remove(): Promise<void> };
let file: string;

before(async () => {
  folder = await temporaryFolder('humtemp-e2e-');
  file = join(folder.path, 'rows.csv');
  await writeFile(file, csvOf(rows));
});
after(() => folder.remove());

const get = async (baseUrl: string, path: string) => (await fetch(`${baseUrl}${path}`)).json();

async function replay(ports: { mqtt: number; baseUrl: string }) {
  const result = await runHumtemp([
    'replay',
    file,
    ...['--shift-to', `${endS}`],
    ...['--url', `mqtt://127.0.0.1:${ports.mqtt}`],
    ...['--api', ports.baseUrl],
  ]);
  assert.equal(result.code, 0, result.stderr);
  return result.stdout;
}

/** Both days' summaries are those that the rows come to by another computation. */
async function checkSummaries(baseUrl: string): Promise<unknown> {
  const shifted = rows.map((row) => ({
    ...row,
    timestampS: row.timestampS + (endS - rows.at(-1)!.timestampS),
  }));
  const answers = [];
  for (const [offset, fromS] of [
    [0, today.startS],
    [-1, today.startS - DAY_S],
  ] as const) {
    const expected = expectedByLab(shifted, fromS, fromS + DAY_S);
    const summary = (await get(baseUrl, `/summary?offset=${offset}`)) as { lab_id: string }[];
    assert.deepEqual(
      summary,
      [...expected]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([lab_id, { avgTemp, avgHumidity }]) => ({
          lab_id,
          avg_temp: avgTemp,
          avg_humidity: avgHumidity,
        })),
    );
    answers.push(summary);
    for (const [lab, { observations }] of expected) {
      const one = (await get(baseUrl, `/labs/${lab}`)) as Record<string, { observations: number } | null>;
      assert.equal(one[offset === 0 ? 'current' : 'previous']?.observations, observations, lab);
    }
  }
  return answers;
}

describe('humtemp start', () => {
  let ports: Ports;
  let running: HumtempProcess;

  before(async () => {
    ports = await freePorts();
    running = new HumtempProcess(['start'], {
      ...ports.env,
      ...today.env,
      HUMTEMP_DATA_DIR: join(folder.path, 'embedded'),
    });
    await running.ready(ports.baseUrl);
  });
  after(() => running.kill());

  test('greets with what to paste, and pasting it works', async () => {
    assert.match(running.stdout, new RegExp(`mosquitto_pub -p ${ports.mqtt} -t labs/library-20/observation`));
    await exec(await mosquittoClient('mosquitto_pub'), [
      ...['-p', `${ports.mqtt}`, '-t', 'labs/library-20/observation', '-q', '1'],
      ...['-m', '{"temp":22.08,"humidity":51.53}'],
    ]);
    assert.deepEqual(await get(ports.baseUrl, '/summary?offset=0'), [
      { lab_id: 'library-20', avg_temp: 22.08, avg_humidity: 51.53 },
    ]);
  });
});

describe('a replay', () => {
  const answers: unknown[] = [];

  test('through the embedded default counts every observation once, however often it is repeated', async () => {
    const ports = await freePorts();
    const env = { ...ports.env, ...today.env, HUMTEMP_DATA_DIR: join(folder.path, 'replay') };
    const running = new HumtempProcess(['start'], env);
    await running.ready(ports.baseUrl);
    const first = await replay(ports);
    assert.match(
      first,
      new RegExp(`\\b${grouped(distinct)} committed\\b.*\\b${rows.length - distinct} duplicate`, 's'),
    );
    answers.push(await checkSummaries(ports.baseUrl));
    const second = await replay(ports);
    assert.match(second, new RegExp(`\\b0 committed\\b.*\\b${grouped(rows.length)} duplicate`, 's'));
    await checkSummaries(ports.baseUrl);
    await running.stop();
  });

  test('through Mosquitto, two workers and Redis gives the same answers', async () => {
    const redis = await startRedis();
    const mosquitto = await startMosquitto({
      config: 'max_inflight_messages 65535\nmax_queued_messages 1000000',
    });
    const ports = await freePorts();
    const store = {
      ...today.env,
      HUMTEMP_REDIS_HOST: '127.0.0.1',
      HUMTEMP_REDIS_PORT: `${redis.port}`,
      HUMTEMP_REDIS_DB: '3',
    };
    const workers = ['w1', 'w2'].map(
      (id) =>
        new HumtempProcess(['worker'], {
          ...store,
          HUMTEMP_MQTT_URL: mosquitto.url,
          HUMTEMP_MQTT_CLIENT_ID: id,
        }),
    );
    const api = new HumtempProcess(['api'], { ...store, ...ports.env });
    try {
      await api.ready(ports.baseUrl);
      for (const worker of workers) await until(() => /subscribed/.test(worker.stderr));
      const first = await replay({ mqtt: mosquitto.port, baseUrl: ports.baseUrl });
      assert.match(
        first,
        new RegExp(`\\b${grouped(distinct)} committed\\b.*\\b${rows.length - distinct} duplicate`, 's'),
      );
      answers.push(await checkSummaries(ports.baseUrl));
      assert.deepEqual(answers[1], answers[0], 'both stores give the same answers');
      for (const worker of workers) await worker.stop();
      const { sources } = (await get(ports.baseUrl, '/sources')) as { sources: { publishes: number }[] };
      assert.deepEqual(
        sources.map(({ publishes }) => publishes),
        [rows.length],
        'the API shows what the workers received',
      );
      await api.stop();
    } finally {
      for (const one of [...workers, api]) await one.kill();
      await mosquitto.close();
      await redis.close();
    }
  });

  test('during which the whole process is killed again and again counts every observation once', async () => {
    const ports = await freePorts();
    const env = { ...ports.env, ...today.env, HUMTEMP_DATA_DIR: join(folder.path, 'killed') };
    const kills = Number(process.env.KILLS ?? 4);
    let running = new HumtempProcess(['start'], env);
    await running.ready(ports.baseUrl);
    const replaying = runHumtemp([
      ...['replay', file, '--shift-to', `${endS}`, '--rate', `${Math.ceil(rows.length / kills)}`],
      ...['--url', `mqtt://127.0.0.1:${ports.mqtt}`],
    ]);
    for (let i = 0; i < kills; i++) {
      await new Promise((resolve) => setTimeout(resolve, 200 + 300 * Math.random()));
      await running.kill();
      running = new HumtempProcess(['start'], env);
      await running.ready(ports.baseUrl);
    }
    const { code, stdout, stderr } = await replaying;
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`${grouped(rows.length)} acknowledged`));
    await checkSummaries(ports.baseUrl);
    await running.stop();
  });
});

describe('the original contract', () => {
  let redis: Service;
  let ports: Ports;
  let api: HumtempProcess;

  before(async () => {
    redis = await startRedis();
    ports = await freePorts();
    api = new HumtempProcess(['api'], {
      ...ports.env,
      HUMTEMP_REDIS_HOST: '127.0.0.1',
      HUMTEMP_REDIS_PORT: `${redis.port}`,
      HUMTEMP_REDIS_DB: '5',
      ...today.env,
      HUMTEMP_BUCKET_DURATION: '3600',
      HUMTEMP_BUCKET_RETENTION: '3',
    });
    await api.ready(ports.baseUrl);
  });
  after(async () => {
    await api.kill();
    await redis.close();
  });

  test('ten observations of the previous bucket are its summary, and nobody else’s', async () => {
    // Of those that begin an hour after each other with the day, the twelfth is the current one.
    const previousS = today.startS + 11 * 3600;
    for (let i = 0; i < 10; i++) {
      const observation = { lab_id: 'lab01', timestamp: previousS + i, temp: 1 + i, humidity: 11 + i };
      const body = JSON.stringify(observation);
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(`${ports.baseUrl}/observation`, { method: 'POST', headers, body });
      assert.equal(response.status, 200);
    }
    const summary = [{ lab_id: 'lab01', avg_temp: 5.5, avg_humidity: 15.5 }];
    assert.deepEqual(await get(ports.baseUrl, '/summary'), summary);
    assert.deepEqual(await get(ports.baseUrl, '/summary?offset=-1'), summary);
    assert.deepEqual(await get(ports.baseUrl, '/summary?offset=0'), []);
    assert.deepEqual(await get(ports.baseUrl, '/summary?offset=-2'), []);
  });
});

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}
