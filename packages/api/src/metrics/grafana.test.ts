import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Hono } from 'hono';
import { EVERYTHING } from '../access/scope.js';
import { startApi } from '../api.fixture.js';
import { metricsRoutes } from './metrics-routes.js';

const DASHBOARD = new URL('../../../../docs/grafana/humtemp-dashboard.json', import.meta.url);

test('the dashboard asks for metrics that there are, and for each of ours', async (t) => {
  const { store, intake, clock } = await startApi(t);
  const app = new Hono();
  app.use(async (c, next) => {
    c.set('scope', EVERYTHING);
    await next();
  });
  metricsRoutes(app, {
    store,
    grid: store.options.grid,
    clock: () => clock.nowMs,
    storeTimeoutMs: 5000,
    ledger: () => intake.ledger.counters(),
    commits: () => ({ succeeded: 0, failed: 0 }),
    connections: () => ({ http: 1 }),
    pingStore: () => store.ping(),
    streams: () => ({ open: 0, labs: 0, cut: 0 }),
    brokerDrops: () => ({}),
  });
  const namesAt = async (path: string) =>
    [...(await (await app.request(path)).text()).matchAll(/^# TYPE (\w+) /gm)].map((match) => match[1]!);
  const served = [...(await namesAt('/metrics')), ...(await namesAt('/metrics/labs'))];
  const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as {
    panels: { targets?: { expr: string }[] }[];
  };
  const asked = new Set(
    dashboard.panels
      .flatMap((panel) => panel.targets ?? [])
      .flatMap(({ expr }) => expr.match(/\b(?:humtemp|process|nodejs)_\w+/g) ?? []),
  );
  assert.deepEqual(
    [...asked].filter((name) => !served.includes(name)),
    [],
  );
  const unasked = served.filter((name) => !asked.has(name));
  assert.deepEqual(unasked, ['humtemp_stream_labs', 'process_start_time_seconds', 'humtemp_labs_shown']);
});
