import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { localProgram, temporaryFolder } from '@humtemp/test-services';

const GRAFANA = fileURLToPath(new URL('../../../docs/grafana/', import.meta.url));
const RULES = `${GRAFANA}humtemp-alerts.yaml`;
const SERIES = ['alerts.promtool.yaml', 'alerts-of-days.promtool.yaml'].map((name) =>
  fileURLToPath(new URL(`../src/${name}`, import.meta.url)),
);

let promtool: string | undefined;
let reason = '';

before(async () => {
  try {
    promtool = await localProgram('promtool', ['prometheus']);
  } catch (error) {
    reason = (error as Error).message;
  }
});

/** What promtool says of its arguments, which it must find good. */
function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(promtool!, args, { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  return stdout;
}

test('each alert fires, says whom it concerns and resolves', (t) => {
  const alerts = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
  const cases = SERIES.map((file) => readFileSync(file, 'utf8')).join('');
  for (const alert of alerts) {
    const steps = [
      ...cases.matchAll(new RegExp(`alertname: ${alert}\\b([^]*?)(?=eval_time:|name:|$)`, 'g')),
    ].map(([, rest]) => (rest!.includes('exp_alerts') ? 'fires' : 'is silent'));
    const changes = steps.filter((step, i) => step !== steps[i - 1]);
    assert.deepEqual(changes, ['is silent', 'fires', 'is silent'], alert);
  }
  if (promtool === undefined) return t.skip(reason);
  run('test', 'rules', ...SERIES);
});

test('Prometheus understands its configuration, and each query of the dashboard', async (t) => {
  const { panels } = JSON.parse(readFileSync(`${GRAFANA}humtemp-dashboard.json`, 'utf8')) as {
    panels: { id: number; targets?: { expr: string }[] }[];
  };
  const ids = panels.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, 'two panels with the same id');
  if (promtool === undefined) return t.skip(reason);
  run('check', 'config', `${GRAFANA}prometheus.yaml`);
  const queries = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  // As rules, for promtool has no other way to check many queries at once.
  const rules = queries.map((expr, i) => ({
    record: `q${i}`,
    expr: expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$\w+/g, 'x'),
  }));
  const folder = await temporaryFolder('alerts');
  t.after(() => folder.remove());
  const file = join(folder.path, 'dashboard.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  run('check', 'rules', file);
});
