import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort, type Service, startMosquitto } from '@humtemp/test-services';
import { connectAsync } from 'mqtt';
import { parseReplayArguments, parseSimulateArguments } from './options.js';
import { replay } from './replay.js';
import { simulate } from './simulate.js';

const folder = join(tmpdir(), `humtemp-replay-${process.pid}`);
const files: string[] = [];
after(() => Promise.all(files.map((file) => rm(file))));

/** Rows of three labs, a second apart, of which the last has the given timestamp. */
async function csv(rows: number, lastS: number): Promise<string> {
  const file = `${folder}-${files.length}.csv`;
  const lines = Array.from(
    { length: rows },
    (_, i) => `lab-${i % 3},${lastS - rows + 1 + i},${20 + (i % 100) / 100},4${i % 10}.50`,
  );
  await writeFile(file, `lab_id,timestamp,temp,humidity\n${lines.join('\n')}\n`);
  files.push(file);
  return file;
}

interface Message {
  readonly topic: string;
  readonly payload: string;
}

const CONFIG = 'persistence true\nmax_inflight_messages 0\nmax_queued_messages 0';

/** A broker, and a subscriber whose session outlives its crashes. */
async function withSubscriber(run: (broker: Service, messages: Message[]) => Promise<void>): Promise<void> {
  const broker = await startMosquitto({ config: CONFIG });
  const client = await connectAsync(broker.url, {
    clientId: 'subscriber',
    clean: false,
    reconnectPeriod: 50,
  });
  try {
    const messages: Message[] = [];
    client.on('message', (topic, payload) => messages.push({ topic, payload: payload.toString() }));
    await client.subscribeAsync('labs/+/observation', { qos: 1 });
    // Mosquitto writes sessions to disk when it stops, so from here on a crash does not lose the
    // subscription.
    const reconnected = new Promise((resolve) => client.once('connect', resolve));
    await broker.terminate();
    await broker.start();
    await reconnected;
    await run(broker, messages);
  } finally {
    await client.endAsync(true);
    await broker.close();
  }
}

async function arrived(messages: readonly Message[], enough: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !enough(); i++) await delay(50);
  assert.ok(enough(), `${messages.length} messages arrived`);
}

/** A port where nothing listens. */
async function noApi(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

function sink(): { write: (text: string) => void; text: string } {
  const output = {
    text: '',
    write: (text: string) => {
      output.text += text;
    },
  };
  return output;
}

test('a replay arrives complete, in order, with the numbers of the file', () =>
  withSubscriber(async (broker, messages) => {
    const file = await csv(300, 1163438041);
    const output = sink();
    const result = await replay(
      parseReplayArguments([file, '--url', broker.url, '--api', await noApi()]),
      output,
    );
    assert.deepEqual([result.rows, result.sent, result.acknowledged, result.shiftS], [300, 300, 300, 0]);
    await arrived(messages, () => messages.length === 300);
    assert.deepEqual(messages[0], {
      topic: 'labs/lab-0/observation',
      payload: '{"timestamp":1163437742,"temp":20,"humidity":40.50}',
    });
    assert.deepEqual(
      messages.map(({ payload }) => (JSON.parse(payload) as { timestamp: number }).timestamp),
      Array.from({ length: 300 }, (_, i) => 1163437742 + i),
    );
    assert.match(
      output.text,
      /^300 rows sent, 300 acknowledged\n.*\nwhat became of them is not known: .*ECONNREFUSED/,
    );
  }));

test('--shift-to takes the newest row to a time and keeps the spacing', () =>
  withSubscriber(async (broker, messages) => {
    const options = parseReplayArguments([
      await csv(10, 1163438041),
      ...['--shift-to', '1790000000', '--url', broker.url, '--api', await noApi(), '--json'],
    ]);
    const output = sink();
    await replay(options, output);
    await arrived(messages, () => messages.length === 10);
    const timestamps = messages.map(
      ({ payload }) => (JSON.parse(payload) as { timestamp: number }).timestamp,
    );
    assert.deepEqual(
      timestamps,
      Array.from({ length: 10 }, (_, i) => 1790000000 - 9 + i),
    );
    const { rows, acknowledged, ledger } = JSON.parse(output.text) as Record<string, unknown>;
    assert.deepEqual([rows, acknowledged, ledger], [10, 10, null]);
  }));

test('a broker killed in the middle, again and again, loses nothing', () =>
  withSubscriber(async (broker, messages) => {
    const rows = 2400;
    const options = parseReplayArguments([
      await csv(rows, 1163438041),
      ...['--rate', '400', '--url', broker.url, '--api', await noApi()],
    ]);
    const replayed = replay(options, sink());
    for (let kill = 1; kill <= 3; kill++) {
      // Once new ones arrive, the subscriber is back, and what is acknowledged reaches it past the crash.
      const before = messages.length;
      await arrived(messages, () => messages.length > before + 60);
      // Mosquitto loses what it has acknowledged and could not hand on yet: a subscriber that is behind.
      await delay(400);
      await broker.kill();
      await delay(100);
      await broker.start();
    }
    const result = await replayed;
    assert.deepEqual([result.sent, result.acknowledged, result.inFlight], [rows, rows, 0]);
    assert.ok(result.reconnections >= 3, `${result.reconnections} reconnections`);
    const distinct = (): Set<string> => new Set(messages.map(({ payload }) => payload));
    await arrived(messages, () => distinct().size === rows);
  }));

test('an interrupted replay says how far it came', () =>
  withSubscriber(async (broker, messages) => {
    const controller = new AbortController();
    const options = parseReplayArguments([
      await csv(1000, 1163438041),
      ...['--rate', '100', '--url', broker.url, '--api', await noApi()],
    ]);
    const output = sink();
    const replayed = replay({ ...options, signal: controller.signal }, output);
    await arrived(messages, () => messages.length >= 5);
    controller.abort();
    const { sent, acknowledged, interrupted } = await replayed;
    assert.ok(interrupted && sent === acknowledged && sent < 1000);
    assert.match(output.text, /interrupted: \d+ of 1,000 rows\n$/);
  }));

test('the ledger says what became of the rows', async () => {
  const broker = await startMosquitto();
  let reading = 0;
  const api = createServer((_, response) => {
    const committed = reading++ === 0 ? 5 : 23;
    const duplicate = reading === 1 ? 0 : 2;
    const counters = { received: committed + duplicate, committed, duplicate, rejected: {}, in_flight: 0 };
    response.setHeader('content-type', 'application/json');
    response.setHeader('connection', 'close');
    response.end(JSON.stringify({ ...counters, balanced: true, processes: [{ process: 'a', ...counters }] }));
  });
  try {
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    const { port } = api.address() as { port: number };
    const file = await csv(20, 1163438041);
    const output = sink();
    const options = parseReplayArguments([file, '--url', broker.url, '--api', `http://127.0.0.1:${port}`]);
    const { ledger } = await replay(options, output);
    assert.deepEqual(ledger, { received: 20, committed: 18, duplicate: 2, rejected: {}, inFlight: 0 });
    assert.match(output.text, /^20 rows sent, 20 acknowledged; 18 committed, 2 duplicate, 0 rejected\n/);
  } finally {
    api.close();
    await broker.close();
  }
});

test('a pipe is refused, for it gives its rows once', async () => {
  await assert.rejects(replay(parseReplayArguments(['/dev/null']), sink()), {
    name: 'StartError',
    message:
      '/dev/null is a pipe or a device, but is read twice; put the rows into a file first, or name - and let them come on standard input',
  });
});

test('simulated labs take turns, with distinct timestamps that are never in the future', () =>
  withSubscriber(async (broker, messages) => {
    const options = parseSimulateArguments([
      ...['--labs', '4', '--interval', '10', '--speed', '100', '--duration', '1'],
      ...['--url', broker.url, '--api', await noApi()],
    ]);
    const startedMs = Date.now();
    const result = await simulate(options, sink());
    assert.deepEqual([result.sent, result.acknowledged], [40, 40]);
    await arrived(messages, () => messages.length === 40);
    assert.deepEqual(
      messages.slice(0, 5).map(({ topic }) => topic.split('/')[1]),
      ['lab-01', 'lab-02', 'lab-03', 'lab-04', 'lab-01'],
    );
    const timestamps = messages.map(
      ({ payload }) => (JSON.parse(payload) as { timestamp: number }).timestamp,
    );
    assert.equal(new Set(timestamps).size, 40);
    assert.ok(
      Math.min(...timestamps) * 1000 >= startedMs - 1 && Math.max(...timestamps) * 1000 <= Date.now(),
    );
  }));
