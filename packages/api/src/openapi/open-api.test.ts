import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import openapiTS, { astToString, type OpenAPI3 } from 'openapi-typescript';
import { type Fixture, NOON_MS, startApi, storeWith, yesterdayS } from '../api.fixture.js';

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { name: string; in: string; required: boolean; schema: object }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

async function documentOf({ get }: Fixture): Promise<Document> {
  return (await (await get('/openapi.json')).json()) as Document;
}

/** Every schema that has members has no others: what an answer says beyond the document is found too. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.fromEntries(Object.entries(value).map(([name, member]) => [name, closed(member)]));
  const isObject = members.type === 'object' && 'properties' in members;
  return isObject && !('additionalProperties' in members)
    ? { ...members, additionalProperties: false }
    : members;
}

/** Whether a value is of the schema at a place of the document, by a validator that knows nothing of TypeBox. */
function checker(document: Document): (path: readonly string[], value: unknown) => string | undefined {
  const ajv = new Ajv2020({ strict: false, validateFormats: true, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema(closed(document) as object, 'document');
  return (path, value) => {
    const pointer = path
      .map((part) => encodeURIComponent(part.replace(/~/g, '~0').replace(/\//g, '~1')))
      .join('/');
    const check = ajv.getSchema(`document#/${pointer}`);
    assert.ok(check !== undefined, pointer);
    return check(value) ? undefined : ajv.errorsText(check.errors);
  };
}

async function start(t: TestContext): Promise<Fixture> {
  const fixture = await startApi(t);
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
  listLabs: [['/labs'], ['/labs?limit=1'], ['/labs?prefix=floor/&stale=false'], ['/labs?stale=maybe', 400]],
  getLab: [['/labs/floor/a'], [`/labs/b?${LIMITS}`], ['/labs/nobody', 404], ['/labs/a%20b', 400]],
  getLabBuckets: [
    ['/labs/floor/a/buckets'],
    [`/labs/floor/a/buckets?resolution=1h&from=2026-09-21T00:00:00Z&to=${NOON_MS / 1000}&${LIMITS}`],
    ['/labs/floor/a/buckets?from=0&to=1'],
    ['/labs/nobody/buckets', 404],
    ['/labs/b/buckets?resolution=2h', 400],
  ],
  getLabSummary: [
    ['/labs/floor/a/summary'],
    [`/labs/floor/a/summary?resolution=1h&from=2026-09-21T00:00:00Z&${LIMITS}`],
    ['/labs/floor/a/summary?from=0&to=1'],
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
  listRejections: [['/rejections'], ['/rejections?limit=1'], ['/rejections?limit=0', 400]],
  getLedger: [['/ledger']],
  getLiveness: [['/livez']],
  getReadiness: [['/readyz']],
  getOpenApi: [['/openapi.json']],
};

test('the document is valid OpenAPI 3.1', async (t) => {
  const document = await documentOf(await startApi(t));
  const result = await new Validator().validate({ ...document });
  assert.ok(result.valid, JSON.stringify(result.errors));
  assert.equal(document.openapi.slice(0, 3), '3.1');
  const broken = { ...document, paths: { labs: {} } };
  assert.equal((await new Validator().validate(broken)).valid, false);
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
        const response = await (method === 'post' ? fixture.post(body) : fixture.get(target));
        assert.equal(response.status, status, target);
        const type = response.headers.get('content-type')!.split(';')[0]!;
        assert.ok(responses[status]?.content?.[type] !== undefined, `${operationId} ${status} ${type}`);
        const text = await response.text();
        const values =
          type === 'text/csv'
            ? [text]
            : type === 'application/x-ndjson'
              ? text
                  .trimEnd()
                  .split('\n')
                  .map((line) => JSON.parse(line) as unknown)
              : [JSON.parse(text) as unknown];
        for (const value of values) {
          const at = ['paths', path, method, 'responses', String(status), 'content', type, 'schema'];
          assert.equal(check(at, value), undefined, target);
        }
      }
    }
  assert.deepEqual([...left], []);
});

test('a store that fails is in the document of every route that asks it', async (t) => {
  const refuse = () => Promise.reject(new Error('lost'));
  const fixture = await startApi(t, {
    readiness: async () => ['Redis is not connected'],
    instead: (store) =>
      storeWith(store, {
        // biome-ignore lint/correctness/useYield: it fails before its first page
        summaries: async function* () {
          await refuse();
        },
        labs: refuse,
        latest: refuse,
        series: refuse,
        ledgers: refuse,
        rejections: refuse,
      }),
  });
  const document = await documentOf(fixture);
  const check = checker(document);
  for (const [path, { get }] of Object.entries(document.paths)) {
    if (get === undefined) continue;
    const [target] = REQUESTS[get.operationId]![0]!;
    const response = await fixture.get(target);
    if (response.status === 200) continue;
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
      assert.equal((await fixture.get(`${target}?${name}=${bad}`)).status, 400, `${target} ${name}`);
    }
  }
});

test('TypeScript types can be made of it, and they compile', async (t) => {
  const document = await documentOf(await startApi(t));
  const folder = mkdtempSync(join(tmpdir(), 'humtemp-types-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const types = astToString(await openapiTS(document as unknown as OpenAPI3));
  writeFileSync(join(folder, 'api.ts'), types);
  const use = `
import type { paths, components } from './api.js';
type Series = paths['/labs/{lab_id}/buckets']['get']['responses'][200]['content']['application/json'];
export const average = (series: Series): (number | null)[] =>
  series.buckets.map((bucket) => bucket.temp?.avg ?? null);
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
