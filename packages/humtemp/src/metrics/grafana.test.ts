import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { everyMetric } from './every-metric.js';

const GRAFANA = new URL('../../../../docs/grafana/', import.meta.url);
const dashboard = JSON.parse(readFileSync(new URL('humtemp-dashboard.json', GRAFANA), 'utf8')) as {
  readonly panels: readonly {
    readonly targets?: readonly Target[];
    readonly transformations?: readonly { readonly options: { readonly renameByName?: object } }[];
  }[];
  readonly templating: { readonly list: readonly { readonly query: string | { readonly query: string } }[] };
};
const targets = dashboard.panels.flatMap((panel) => panel.targets ?? []);
/** Labels that Prometheus gives to every sample. */
const OF_PROMETHEUS = ['job', 'instance'];

/** The dashboard shows the fates in all processes; these are for who scrapes each. */
const OF_ONE_PROCESS = ['received', 'committed', 'duplicate', 'rejected']
  .map((fate) => `humtemp_observations_${fate}_total`)
  .concat('humtemp_observations_in_flight');

interface Target {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat?: string;
}

/** Samples of all that is scraped: for each metric the labels of each of them. */
async function scrape(): Promise<Map<string, Record<string, string>[]>> {
  const configured = readFileSync(new URL('prometheus.yaml', GRAFANA), 'utf8');
  const paths = [...configured.matchAll(/^\s+metrics_path: (\S+)$/gm)].map((match) => match[1]!);
  assert.deepEqual(paths, ['/metrics/labs']);
  const { process, fleet, labs } = await everyMetric();
  const samples = new Map<string, Record<string, string>[]>();
  for (const [, name, labels = ''] of (process + fleet + labs).matchAll(/^(\w+)(?:\{(.*)\})? \S+$/gm)) {
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, value]) => [label, value]);
    samples.set(name!, [...(samples.get(name!) ?? []), Object.fromEntries(pairs)]);
  }
  return samples;
}

/** The metrics in an expression, each with the labels that its selector wants; a variable of the dashboard takes any. */
function selectorsIn(expr: string) {
  return [...expr.matchAll(/\b((?:humtemp|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name, labels = '']) => ({
      name: name!,
      wanted: [...labels.matchAll(/(\w+)=~?"([^"]*)"/g)]
        .map(([, label, value]) => [label!, value!] as const)
        .filter(([label]) => !OF_PROMETHEUS.includes(label)),
    }),
  );
}

test('the dashboard asks for metrics that there are, and for each of ours', async () => {
  const served = [...(await scrape()).keys()];
  const asked = new Set(targets.flatMap(({ expr }) => selectorsIn(expr)).map(({ name }) => name));
  assert.deepEqual(
    [...asked].filter((name) => !served.includes(name)),
    [],
  );
  const unasked = served.filter((name) => !asked.has(name));
  assert.deepEqual(
    unasked.filter((name) => !OF_ONE_PROCESS.includes(name)),
    [
      'humtemp_build_info',
      'humtemp_stream_labs',
      'process_start_time_seconds',
      'humtemp_fleet_up',
      'humtemp_labs_shown',
    ],
  );
});

test('every label that it selects, groups and names by is one that its metric has', async () => {
  const samples = await scrape();
  const hasLabel = (name: string, label: string) =>
    OF_PROMETHEUS.includes(label) || samples.get(name)!.every((sample) => label in sample);
  for (const { expr, legendFormat = '' } of targets) {
    const selectors = selectorsIn(expr);
    for (const { name, wanted } of selectors) {
      const isSelected = (sample: Record<string, string>) =>
        wanted.every(([label, value]) => (value.startsWith('$') ? label in sample : sample[label] === value));
      assert.ok(samples.get(name)!.some(isSelected), expr);
    }
    const grouped = [...expr.matchAll(/ by \((\w+)\)/g), ...legendFormat.matchAll(/\{\{(\w+)\}\}/g)];
    for (const [, label] of grouped) assert.ok(hasLabel(selectors[0]!.name, label!), `${expr}: ${label}`);
  }
  const variables = dashboard.templating.list.flatMap(({ query }) =>
    typeof query === 'string' ? [] : [/^label_values\((\w+), (\w+)\)$/.exec(query.query)!],
  );
  assert.equal(variables.length, 2);
  for (const [query, name, label] of variables) assert.ok(hasLabel(name!, label!), query);
});

test('the columns of its table are those of its queries', () => {
  const [table, ...others] = dashboard.panels.filter((panel) => panel.transformations !== undefined);
  assert.equal(others.length, 0);
  const renamed = table!.transformations!.flatMap(({ options }) => Object.keys(options.renameByName ?? {}));
  assert.deepEqual(
    renamed,
    table!.targets!.map(({ refId }) => `Value #${refId}`),
  );
});
