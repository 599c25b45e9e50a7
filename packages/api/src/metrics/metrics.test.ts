import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { gaugeBy, REJECTION_REASONS } from '@humtemp/bucket-core';
import { Hono } from 'hono';
import { bearer, openTokens, serveGuarded, tokenLines } from '../access/access.fixture.js';
import { DAY_S, NOON_MS, startApi, storeWith } from '../api.fixture.js';
import { registerRoute } from '../http/route.js';
import { labDirectoryOf } from '../rooms/labs-csv.js';
import { apiMeters } from './api-meters.js';
import { metricsRoutes } from './metrics-routes.js';

const DIRECTORY = await labDirectoryOf('lab_id,temp_max,humidity_max\nhall,22,50\nsilent,,\n', 'labs.csv');

async function start(t: TestContext, metricsLabsMax = 1000) {
  const api = await startApi(t);
  const { store, intake, clock } = api;
  const down = { error: undefined as Error | undefined };
  const app = new Hono();
  const pinged = storeWith(store, {
    ping: async () => {
      if (down.error !== undefined) throw down.error;
    },
  });
  const routes = metricsRoutes({
    store: pinged,
    grid: store.options.grid,
    clock: () => clock.nowMs,
    storeTimeoutMs: 5000,
    metricsLabsMax,
    intake,
    meters: [
      gaugeBy('humtemp_connections', 'Open connections.', ['protocol'], () => [[{ protocol: 'mqtt' }, 2]]),
      ...apiMeters({
        streams: () => ({ open: 4, labs: 7, cut: 5 }),
        requests: () => [],
      }),
    ],
    receives: true,
    directories: { current: DIRECTORY },
    expectedIntervalS: 60,
    listedS: 86_400,
    fleet: async () => [],
  });
  for (const route of routes) registerRoute(app, route);
  const { tokens } = await openTokens(t, tokenLines({ all: {}, floor: { labs: 'floor-2/*' } }));
  const { url } = await serveGuarded(t, app, tokens);
  const get = async (path: string, token = 'all') => {
    const response = await fetch(url + path, bearer(token));
    assert.equal(response.status, 200);
    return response;
  };
  const receive = async (lab: string, ...payloads: unknown[]) => {
    for (const payload of payloads) intake.receive(lab, Buffer.from(JSON.stringify(payload)), 'test');
    await intake.whenSettled();
  };
  return { ...api, get, receive, down };
}

/** The samples of a text in the format of Prometheus, each of whose metrics is described and typed before it. */
function samplesIn(text: string): Map<string, number> {
  const samples = new Map<string, number>();
  const typed = new Set<string>();
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE (\w+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) {
      const [, name, kind] = type as unknown as [string, string, string];
      for (const end of kind === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']) typed.add(name + end);
      continue;
    }
    const sample = /^((\w+)(?:\{[^}]*\})?) (\S+)$/.exec(line);
    assert.ok(sample !== null && typed.has(sample[2]!) && !samples.has(sample[1]!), line);
    samples.set(sample[1]!, Number(sample[3]));
  }
  return samples;
}

test('what became of publishes is counted by source', async (t) => {
  const { get, receive, intake } = await start(t);
  const future = { timestamp: NOON_MS / 1000 + 3600, temp: 20 };
  await receive('hall', { temp: 20, humidity: 101 }, future, future, 'x');
  intake.unmatched.add('lab/hall');
  const samples = samplesIn(await (await get('/metrics')).text());
  const value = (name: string) => samples.get(name);
  assert.equal(value('humtemp_source_publishes_total{source="http"}'), 4);
  assert.equal(value('humtemp_source_observations_total{source="http"}'), 1);
  assert.equal(value('humtemp_source_ignored_total{source="http"}'), 0);
  assert.equal(value('humtemp_source_rejected_total{source="http",reason="future"}'), 2);
  assert.equal(value('humtemp_source_metrics_rejected_total{source="http",metric="humidity"}'), 1);
  assert.equal(value('humtemp_publishes_unmatched_total'), 1);
  assert.equal(value('humtemp_ledger_imbalance'), 0);
});

test('every fate of an observation is a counter, and they balance', async (t) => {
  const { get, receive, down } = await start(t);
  const observation = { timestamp: NOON_MS / 1000 - 60, temp: 20.5, humidity: 50 };
  await receive('hall', observation, observation, { temp: 1e6 }, 'x', { timestamp: 0, temp: 1 });
  const response = await get('/metrics');
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  const samples = samplesIn(await response.text());
  const value = (name: string) => samples.get(name);
  assert.equal(value('humtemp_observations_received_total'), 5);
  assert.equal(value('humtemp_observations_committed_total'), 1);
  assert.equal(value('humtemp_observations_duplicate_total'), 1);
  assert.equal(value('humtemp_observations_in_flight'), 0);
  assert.equal(value('humtemp_ledger_imbalance'), 0);
  const rejected = REJECTION_REASONS.map(
    (reason) => value(`humtemp_observations_rejected_total{reason="${reason}"}`)!,
  );
  assert.equal(
    rejected.reduce((sum, count) => sum + count),
    3,
  );
  assert.equal(value('humtemp_observations_rejected_total{reason="expired"}'), 1);
  assert.equal(value('humtemp_commits_total'), 1);
  assert.equal(value('humtemp_commit_failures_total'), 0);
  assert.ok(value('humtemp_store_journal_bytes')! > 0);
  assert.equal(value('humtemp_store_table_bytes'), 0);
  assert.equal(value('humtemp_connections{protocol="mqtt"}'), 2);
  assert.equal(value('humtemp_lag_seconds'), 60);
  assert.equal(value('humtemp_streams'), 4);
  assert.equal(value('humtemp_streams_cut_total'), 5);
  assert.equal(value('humtemp_store_up'), 1);
  assert.ok(value('process_resident_memory_bytes')! > 1e6);
  assert.ok(value('process_cpu_seconds_total')! > 0);
  assert.ok(Math.abs(value('process_start_time_seconds')! - Date.now() / 1000) < 3600);
  assert.ok(value('nodejs_eventloop_lag_p99_seconds')! >= 0);

  await receive('hall', observation);
  down.error = new Error('out of reach');
  const again = samplesIn(await (await get('/metrics')).text());
  assert.equal(again.get('humtemp_observations_duplicate_total'), 2);
  assert.equal(again.get('humtemp_store_up'), 0);
});

test('commits are counted by how long they took and by how many observations they had', async (t) => {
  const { get, receive, intake } = await start(t);
  await receive('hall', { temp: 20 }, { temp: 21 });
  await receive('hall', { temp: 22 });
  const samples = samplesIn(await (await get('/metrics')).text());
  const sizes = ['1', '10', '+Inf'].map((le) =>
    samples.get(`humtemp_commit_observations_bucket{le="${le}"}`),
  );
  assert.deepEqual(sizes, [1, 2, 2]);
  assert.equal(samples.get('humtemp_commit_observations_sum'), 3);
  assert.equal(samples.get('humtemp_commit_observations_count'), 2);
  assert.equal(samples.get('humtemp_commit_duration_seconds_bucket{le="+Inf"}'), 2);
  assert.equal(samples.get('humtemp_commit_duration_seconds_count'), 2);
  assert.equal(samples.get('humtemp_commit_duration_seconds_sum'), intake.commits.seconds.sum);
  assert.ok(intake.commits.seconds.sum > 0);
});

test('answers are counted by route and status, whatever paths are asked for', async (t) => {
  const { get, post } = await startApi(t);
  for (const path of ['/labs/a', '/labs/b', '/labs?nonsense=1', '/nowhere/1', '/nowhere/2', '/livez'])
    await get(path);
  await post({ lab_id: 'a', temp: 20 });
  const text = await (await get('/metrics')).text();
  assert.deepEqual(
    [...text.matchAll(/^humtemp_http_requests_total(.*)$/gm)].map(([, sample]) => sample!).sort(),
    [
      '{route="/labs",status="400"} 1',
      '{route="/labs/{lab_id}",status="404"} 2',
      '{route="/livez",status="200"} 1',
      '{route="/observation",status="200"} 1',
      '{route="other",status="404"} 2',
    ],
  );
});

test('labs have their current bucket and their latest values, and none where there is none', async (t) => {
  const { get, receive, clock } = await start(t);
  const nowS = NOON_MS / 1000;
  await receive(
    'hall',
    { timestamp: nowS - 90, temp: 20, humidity: 40 },
    { timestamp: nowS - 30.5, temp: 23 },
  );
  await receive('old', { timestamp: nowS - DAY_S, humidity: 55.5 });
  const samples = samplesIn(await (await get('/metrics/labs')).text());
  assert.deepEqual(Object.fromEntries(samples), {
    'humtemp_lab_temperature_celsius{lab="hall",stat="avg"}': 21.5,
    'humtemp_lab_temperature_celsius{lab="hall",stat="min"}': 20,
    'humtemp_lab_temperature_celsius{lab="hall",stat="max"}': 23,
    'humtemp_lab_temperature_celsius{lab="hall",stat="last"}': 23,
    'humtemp_lab_humidity_percent{lab="hall",stat="avg"}': 40,
    'humtemp_lab_humidity_percent{lab="hall",stat="min"}': 40,
    'humtemp_lab_humidity_percent{lab="hall",stat="max"}': 40,
    'humtemp_lab_humidity_percent{lab="hall",stat="last"}': 40,
    'humtemp_lab_humidity_percent{lab="old",stat="last"}': 55.5,
    'humtemp_lab_bucket_observations{lab="hall"}': 2,
    'humtemp_lab_bucket_observations{lab="old"}': 0,
    'humtemp_lab_age_seconds{lab="hall"}': 30.5,
    'humtemp_lab_age_seconds{lab="old"}': DAY_S,
    humtemp_labs_shown: 2,
    // As the labs file of this test has it: hall has at most 22 °C, and silent was never heard.
    'humtemp_lab_out_of_range{lab="hall",metric="humidity"}': 0,
    'humtemp_lab_out_of_range{lab="hall",metric="temp"}': 1,
    'humtemp_lab_stale{lab="hall"}': 0,
    'humtemp_lab_stale{lab="old"}': 1,
    'humtemp_lab_stale{lab="silent"}': 1,
    humtemp_labs_omitted: 0,
  });

  const rows = (await (await get('/metrics/labs.json')).json()) as unknown[];
  assert.deepEqual(rows[1], {
    lab_id: 'old',
    start: '2026-09-22T00:00:00.000Z',
    end: '2026-09-23T00:00:00.000Z',
    observations: 0,
    temp_avg: null,
    temp_min: null,
    temp_max: null,
    temp_last: null,
    humidity_avg: null,
    humidity_min: null,
    humidity_max: null,
    humidity_last: 55.5,
    last: new Date(clock.nowMs - DAY_S * 1000).toISOString(),
    age_s: DAY_S,
  });
  assert.equal(rows.length, 2);
});

test('labs beyond the limit are counted, and labs beyond the scope are not there', async (t) => {
  const { get, receive } = await start(t, 2);
  for (const lab of ['a', 'floor-2/1', 'floor-2/2', 'floor-2/3', 'z']) await receive(lab, { temp: 20 });
  const shown = async (token: string) => {
    const samples = samplesIn(await (await get('/metrics/labs', token)).text());
    const labs = ['a', 'floor-2/1', 'floor-2/2', 'floor-2/3', 'z'];
    return [
      ...labs.filter((lab) => samples.has(`humtemp_lab_age_seconds{lab="${lab}"}`)),
      samples.get('humtemp_labs_omitted'),
    ];
  };
  assert.deepEqual(await shown('all'), ['a', 'floor-2/1', 3]);
  assert.deepEqual(await shown('floor'), ['floor-2/1', 'floor-2/2', 1]);
});
