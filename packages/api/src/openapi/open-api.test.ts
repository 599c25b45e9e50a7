import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { LabsSource, SourceTable, TopicFilters } from '@humtemp/intake';
import { temporaryFolder } from '@humtemp/test-services';
import { Validator } from '@seriousme/openapi-schema-validator';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { type Fixture, NOON_MS, refusingStore, startApi, yesterdayS } from '../api.fixture.js';
import { checker, documentOf, eventsIn } from './document.fixture.js';

async function start(t: TestContext): Promise<Fixture> {
  const filters = ['labs/+/observation'];
  const fixture = await startApi(t, {
    sources: new SourceTable([new LabsSource(new TopicFilters(filters))]),
    sourceReports: () => [{ name: 'labs', filters, live: false, events: {}, unused_keys: [] }],
  });
  await fixture.commit([
    { lab: 'floor/a', ms: yesterdayS(1) * 1000, temp: 20, humidity: 40 },
    { lab: 'floor/a', ms: NOON_MS - 10_000, temp: 21 },
    { lab: 'b', ms: NOON_MS - 500_000, humidity: 41 },
  ]);
  await fixture.post('not json');
  return fixture;
}

const LIMITS = 'temp=20..24&humidity=..60';

/** Requests for each operation; those that give a problem say its status. */
const REQUESTS: Readonly<
  Record<string, readonly (readonly [target: string, status?: number, body?: unknown])[]>
> = {
  getSummary: [['/summary'], ['/summary?offset=0'], ['/summary?offset=x', 400]],
  postObservation: [
    ['/observation', 200, { lab_id: 'c', timestamp: yesterdayS(2), temp: 20 }],
    ['/observation', 422, { lab_id: 'c' }],
    ['/observation', 413, { lab_id: 'c', x: 'x'.repeat(1000) }],
    ['/observation', 400, 'x'],
  ],
  postObservations: [
    ['/observations', 200, [{ lab_id: 'c', temp: 20 }, { lab_id: 'c' }, 7]],
    ['/observations', 413, Array(10_001).fill(0)],
    ['/observations', 400, '[x'],
  ],
  listLabs: [['/labs'], ['/labs?limit=1'], ['/labs?prefix=floor/&stale=false'], ['/labs?stale=maybe', 400]],
  getLab: [['/labs/floor/a'], [`/labs/b?${LIMITS}`], ['/labs/nobody', 404], ['/labs/a%20b', 400]],
  getLabBuckets: [
    ['/labs/floor/a/buckets'],
    [`/labs/floor/a/buckets?resolution=1h&from=2026-09-21T00:00:00Z&to=${NOON_MS / 1000}&${LIMITS}`],
    ['/labs/floor/a/buckets?from=0&to=1'],
    ['/labs/floor/a/buckets?tz=Europe/Berlin'],
    ['/labs/floor/a/buckets?tz=Europe/Berlin&resolution=1h', 400],
    ['/labs/nobody/buckets', 404],
    ['/labs/b/buckets?resolution=2h', 400],
  ],
  getLabSummary: [
    ['/labs/floor/a/summary'],
    [`/labs/floor/a/summary?resolution=1h&from=2026-09-21T00:00:00Z&${LIMITS}`],
    ['/labs/floor/a/summary?from=0&to=1'],
    ['/labs/floor/a/summary?from=2026-09-22&time_weighted=true&hold=2h&activation_energy=80'],
    ['/labs/floor/a/summary?tz=Europe/Berlin&from=2026-09-22'],
    ['/labs/floor/a/summary?tz=Europe/Atlantis', 400],
    ['/labs/nobody/summary', 404],
  ],
  getBuckets: [
    ['/buckets'],
    [`/buckets?offset=0&resolution=1h&format=json&${LIMITS}`],
    ['/buckets?start=2026-09-21T05:00:00Z'],
    ['/buckets?format=ndjson&resolution=1h&start=1789952400'],
    ['/buckets?format=csv'],
    ['/buckets?format=xml', 400],
  ],
  getSummaries: [
    ['/summaries'],
    [`/summaries?labs=floor/a,nobody&resolution=1h&from=2026-09-21T00:00:00Z&${LIMITS}`],
    ['/summaries?prefix=nobody'],
    ['/summaries?labs=a&prefix=a', 400],
  ],
  getLabSeries: [
    ['/lab-series'],
    ['/lab-series?labs=b,nobody&resolution=1h&from=2026-09-21T00:00:00Z&format=ndjson'],
    ['/lab-series?prefix=floor/&format=csv'],
    ['/lab-series?labs=b&group=x', 400],
  ],
  getLabSummaries: [
    ['/lab-summaries'],
    [`/lab-summaries?resolution=1h&from=2026-09-21T00:00:00Z&format=ndjson&${LIMITS}`],
    ['/lab-summaries?labs=b,nobody&format=csv'],
    ['/lab-summaries?labs=b&prefix=b', 400],
  ],
  listExcursions: [
    ['/excursions'],
    [`/excursions?resolution=1h&from=2026-09-21&${LIMITS}`],
    ['/excursions?labs=b&humidity=..40&format=ndjson'],
    ['/excursions?temp=30..20', 400],
  ],
  getStream: [['/stream'], ['/stream?labs=b,floor/*'], ['/stream?labs=', 400]],
  listRejections: [['/rejections'], ['/rejections?limit=1'], ['/rejections?limit=0', 400]],
  listSources: [['/sources']],
  postToSource: [
    ['/sources/labs?topic=labs/d/observation', 200, { temp: 20 }],
    ['/sources/labs?topic=labs/d/observation', 400, 'x'],
    ['/sources/labs?topic=labs/d/observation', 413, { x: 'x'.repeat(1000) }],
    ['/sources/labs?topic=labs/d/observation', 422, { temp: 'x' }],
    ['/sources/other?topic=labs/d/observation', 404, { temp: 20 }],
    ['/sources/labs', 400, { temp: 20 }],
  ],
  getLedger: [['/ledger']],
  listFaults: [['/faults']],
  getService: [['/service']],
  getSimulation: [['/simulation']],
  postSimulation: [['/simulation', 404, { running: true }]],
  getLiveness: [['/livez']],
  getReadiness: [['/readyz']],
  getMetrics: [['/metrics']],
  getLabMetrics: [['/metrics/labs']],
  getLabMetricRows: [['/metrics/labs.json']],
  getOpenApi: [['/openapi.json']],
  getDocs: [['/docs']],
  getDocsFile: [
    ...['start.js', 'swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'].map(
      (file) => [`/docs/${file}`] as const,
    ),
    ['/docs/package.json', 404],
  ],
  getRedoc: [['/redoc', 308]],
};

test('the document is valid OpenAPI 3.1', async (t) => {
  const document = await documentOf(await startApi(t));
  const result = await new Validator().validate({ ...document });
  assert.ok(result.valid, JSON.stringify(result.errors));
  assert.equal(document.openapi.slice(0, 3), '3.1');
  const broken = { ...document, paths: { labs: {} } };
  assert.equal((await new Validator().validate(broken)).valid, false);
});

test('what is served is what is described', async (t) => {
  const { app, get } = await startApi(t);
  const document = await documentOf({ get });
  // Middleware is for all methods; a pattern such as :lab_id{.+/buckets} is that of /labs/{lab_id}/buckets.
  const served = app.routes
    .filter(({ method }) => method !== 'ALL')
    .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(?:\{\[\\s\\S\]\+(.*)\})?/g, '{$1}$2')}`);
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  assert.deepEqual([...new Set(served)].sort(), described.sort());
  for (const path of ['/stream', '/metrics', '/metrics/labs', '/metrics/labs.json', '/livez', '/readyz'])
    assert.ok(described.includes(`GET ${path}`), path);
});

test('every answer of every route is of its schema, and nothing more', async (t) => {
  const fixture = await start(t);
  const document = await documentOf(fixture);
  const check = checker(document);
  const left = new Set(Object.keys(REQUESTS));
  for (const [path, methods] of Object.entries(document.paths))
    for (const [method, { operationId, responses }] of Object.entries(methods)) {
      const requests = REQUESTS[operationId];
      assert.ok(requests !== undefined, `no request for ${operationId}`);
      left.delete(operationId);
      for (const [target, status = 200, body] of requests) {
        const response = await (method === 'post' ? fixture.post(body, target) : fixture.get(target));
        assert.equal(response.status, status, target);
        if (status === 308) {
          assert.ok(responses[status] !== undefined && response.headers.has('location'), target);
          continue;
        }
        const type = response.headers.get('content-type')!.split(';')[0]!;
        assert.ok(responses[status]?.content?.[type] !== undefined, `${operationId} ${status} ${type}`);
        for (const value of await valuesIn(response, type)) {
          const at = ['paths', path, method, 'responses', String(status), 'content', type, 'schema'];
          assert.equal(check(at, value), undefined, target);
        }
      }
    }
  assert.deepEqual([...left], []);
});

/** What an answer says, as its schema has it: rows and events one by one; of a stream the first. */
async function valuesIn(response: Response, type: string): Promise<unknown[]> {
  if (type === 'text/event-stream') {
    const events = eventsIn(response);
    const { value } = await events.next();
    await events.return();
    return [value];
  }
  const text = await response.text();
  if (type.endsWith('json') && type !== 'application/x-ndjson') return [JSON.parse(text)];
  if (type !== 'application/x-ndjson') return [text];
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

test('a store that fails is in the document of every route that asks it', async (t) => {
  const fixture = await startApi(t, {
    readiness: async () => ['Redis is not connected'],
    instead: refusingStore,
  });
  const document = await documentOf(fixture);
  const check = checker(document);
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (get === undefined) continue;
    const [target] = REQUESTS[get.operationId]![0]!;
    const response = await fixture.get(target);
    if (response.status === 200 || response.status === 308) continue;
    assert.equal(response.status, 503, target);
    const at = ['paths', path, 'get', 'responses', '503', 'content', 'application/problem+json', 'schema'];
    assert.equal(check(at, await response.json()), undefined, target);
  }
});

test('every parameter of the document is one that its route reads', async (t) => {
  const fixture = await start(t);
  const document = await documentOf(fixture);
  /** A value that none of them takes. */
  const bad = '%7B';
  for (const { get } of Object.values(document.paths)) {
    if (get === undefined) continue;
    const [target] = REQUESTS[get.operationId]![0]!;
    for (const { name, in: where, required } of get.parameters) {
      if (where === 'path') continue;
      assert.equal(required, false);
      // Of the headers there is one, which is ignored where it says nothing.
      if (where === 'header') {
        assert.equal(name, 'Last-Event-ID');
        continue;
      }
      assert.equal((await fixture.get(`${target}?${name}=${bad}`)).status, 400, `${target} ${name}`);
    }
  }
});

test('TypeScript types can be made of it, and they compile', async (t) => {
  const document = await documentOf(await startApi(t));
  const { path: folder, remove } = await temporaryFolder('types');
  t.after(remove);
  const types = astToString(await openapiTS(document as unknown as OpenAPI3));
  writeFileSync(join(folder, 'api.ts'), types);
  const use = `
import type { paths, components } from './api.js';
type Series = paths['/labs/{lab_id}/buckets']['get']['responses'][200]['content']['application/json'];
export const average = (series: Series): (number | null)[] =>
  series.buckets.map((bucket) => bucket.temp?.avg ?? null);
type Events = paths['/stream']['get']['responses'][200]['content']['text/event-stream'];
export const labsOf = (event: Events): readonly string[] =>
  event.event === 'unavailable' ? [] : event.data.labs.map((lab) => lab.lab_id);
export const coverage = (bucket: components['schemas']['IntervalSummary']): number | null => bucket.coverage;
`;
  writeFileSync(join(folder, 'use.ts'), use);
  await compile(folder);
  writeFileSync(join(folder, 'use.ts'), use.replace('temp?.avg', 'temp?.average'));
  await assert.rejects(compile(folder));
});

async function compile(folder: string): Promise<void> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc');
  const options = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2023', '--types', ''];
  await promisify(execFile)(process.execPath, [tsc, ...options, 'use.ts'], { cwd: folder }).catch(
    (error: { stdout: string }) => {
      throw new Error(error.stdout);
    },
  );
}

test('every example of a parameter is of its schema, and its route takes it', async (t) => {
  const fixture = await start(t);
  const document = await documentOf(fixture);
  const problemOf = checker(document);
  let examples = 0;
  for (const [path, operations] of Object.entries(document.paths))
    for (const [method, { parameters }] of Object.entries(operations))
      for (const [i, { name, in: place, schema }] of (parameters ?? []).entries())
        for (const example of (schema as { examples?: unknown[] }).examples ?? []) {
          examples += 1;
          const at = ['paths', path, method, 'parameters', `${i}`, 'schema'];
          assert.equal(problemOf(at, example), undefined, `${path} ${name}`);
          if (method !== 'get' || place !== 'query') continue;
          const target = path.replace('{lab_id}', 'floor/a');
          const response = await fixture.get(`${target}?${name}=${encodeURIComponent(String(example))}`);
          assert.notEqual(response.status, 400, `${target} ${name}=${example}: ${response.status}`);
          await response.body?.cancel();
        }
  assert.ok(examples > 20, `${examples} examples`);
});
