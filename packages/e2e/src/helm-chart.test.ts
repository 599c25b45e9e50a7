import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse as render } from '@evertdespiegeleer/go-template';
import * as apps from 'kubernetes-models/apps/v1';
import * as autoscaling from 'kubernetes-models/autoscaling/v2';
import * as networking from 'kubernetes-models/networking.k8s.io/v1';
import * as policy from 'kubernetes-models/policy/v1';
import * as core from 'kubernetes-models/v1';
import { parse, parseAllDocuments } from 'yaml';

const CHART = fileURLToPath(new URL('../../../deploy/helm/humtemp/', import.meta.url));
const TEMPLATES = join(CHART, 'templates');
const text = (path: string) => readFileSync(path, 'utf8');
const names = text(join(TEMPLATES, '_names.tpl'));

interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template?: { readonly spec: PodSpec };
    readonly [key: string]: unknown;
  };
}

interface PodSpec {
  readonly securityContext: object;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly securityContext: object;
    readonly env: readonly { readonly name: string; readonly value: string }[];
    readonly resources: { readonly limits: object };
  }[];
}

type Schema = new (resource: never) => { validate(): void };
const SCHEMAS: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'apps/v1': apps,
  'autoscaling/v2': autoscaling,
  'networking.k8s.io/v1': networking,
  'policy/v1': policy,
  v1: core,
};

/** The chart as Helm would render it: its templates use nothing that Go's engine does not have itself. */
async function rendered(change: (values: ValuesOfChart) => void = () => {}): Promise<Resource[]> {
  const values = parse(text(join(CHART, 'values.yaml'))) as ValuesOfChart;
  change(values);
  const context = {
    Values: values,
    Release: { Name: 'labs', Namespace: 'default', Service: 'Helm' },
    Chart: parse(text(join(CHART, 'Chart.yaml'))) as object,
  };
  const resources: Resource[] = [];
  for (const file of readdirSync(TEMPLATES).filter((name) => name.endsWith('.yaml'))) {
    const out = await render(names + text(join(TEMPLATES, file)), context);
    assert.ok(!out.includes('<no value>'), `${file} asks for a value that there is not`);
    for (const document of parseAllDocuments(out)) {
      assert.deepEqual(document.errors, [], file);
      const resource = document.toJS() as Resource | null;
      if (resource !== null) resources.push(resource);
    }
  }
  return resources;
}

interface ValuesOfChart {
  env: Record<string, string>;
  worker: { autoscaling: { enabled: boolean } };
  api: { tokensKey: string };
  broker: { enabled: boolean; accountsKey: string };
  networkPolicy: { enabled: boolean };
}

const kinds = (resources: readonly Resource[]) =>
  resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`).sort();

const envOf = (resources: readonly Resource[], name: string) =>
  Object.fromEntries(
    resources
      .find(({ metadata, spec }) => metadata.name === name && spec.template !== undefined)!
      .spec.template!.spec.containers[0]!.env.map(({ name, value }) => [name, value]),
  );

test('workers of an external broker and the API: what Kubernetes knows, and nothing with rights', async () => {
  const resources = await rendered((values) => {
    values.worker.autoscaling.enabled = true;
    values.env.HUMTEMP_BUCKET_RETENTION = '7';
  });
  assert.deepEqual(kinds(resources), [
    'Deployment labs-api',
    'HorizontalPodAutoscaler labs-worker',
    'NetworkPolicy labs',
    'PodDisruptionBudget labs-api',
    'PodDisruptionBudget labs-worker',
    'Service labs-api',
    'Service labs-worker',
    'StatefulSet labs-worker',
  ]);
  for (const resource of resources) {
    const Schema = SCHEMAS[resource.apiVersion]![resource.kind] as Schema;
    assert.doesNotThrow(() => new Schema(resource as never).validate(), resource.metadata.name);
    const pod = resource.spec.template?.spec;
    if (pod === undefined) continue;
    assert.deepEqual(Object.entries(pod.securityContext).slice(0, 2), [
      ['runAsNonRoot', true],
      ['runAsUser', 1000],
    ]);
    for (const { securityContext } of pod.containers)
      assert.deepEqual(securityContext, {
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
  }
  const worker = envOf(resources, 'labs-worker');
  assert.equal(worker.HUMTEMP_MQTT_URL_FILE, '/etc/humtemp/mqtt-url');
  assert.equal(worker.HUMTEMP_BUCKET_RETENTION, '7');
  assert.equal(envOf(resources, 'labs-api').HUMTEMP_API_ALLOW_ANONYMOUS, 'true');
});

test('the embedded broker takes the place of workers, with accounts and tokens from the secret', async () => {
  const resources = await rendered((values) => {
    values.broker.enabled = true;
    values.broker.accountsKey = 'accounts';
    values.api.tokensKey = 'tokens';
    values.networkPolicy.enabled = false;
  });
  assert.deepEqual(kinds(resources), [
    'Deployment labs-api',
    'Deployment labs-broker',
    'PodDisruptionBudget labs-api',
    'Service labs-api',
    'Service labs-mqtt',
  ]);
  for (const resource of resources) {
    const Schema = SCHEMAS[resource.apiVersion]![resource.kind] as Schema;
    assert.doesNotThrow(() => new Schema(resource as never).validate(), resource.metadata.name);
  }
  const broker = envOf(resources, 'labs-broker');
  assert.equal(broker.HUMTEMP_MQTT_PASSWORD_FILE, '/etc/humtemp/accounts');
  assert.ok(!('HUMTEMP_MQTT_ALLOW_ANONYMOUS' in broker));
  const api = envOf(resources, 'labs-api');
  assert.equal(api.HUMTEMP_API_TOKENS_FILE, '/etc/humtemp/tokens');
  assert.ok(!('HUMTEMP_API_ALLOW_ANONYMOUS' in api));
});

test('each variable that the chart sets is one of humtemp', async () => {
  const known = text(fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url)));
  const chart = readdirSync(TEMPLATES).map((name) => text(join(TEMPLATES, name)));
  for (const [, name] of chart.join('').matchAll(/name: (HUMTEMP_\w+)/g))
    assert.ok(known.includes(`\`${name!.replace(/(_URL)_FILE$/, '$1')}\``), name);
});
