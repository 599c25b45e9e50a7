import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { ABSENT, Batch, type BucketGrid, bucketGrid, type Store, toThousandths } from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import { Intake } from '@humtemp/intake';
import { temporaryFolder } from '@humtemp/test-services';
import type { Static, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Hono } from 'hono';
import { type Logger, pino } from 'pino';
import { createApi } from './api.js';
import type { ApiOptions } from './api-options.js';

/** The time at which a fixture's clock starts: noon, in the middle of a bucket of one day. */
export const NOON_MS = Date.UTC(2026, 8, 22, 12);
export const DAY_S = 86_400;

/** Days for two days, and hours for a week. */
export const GRID = bucketGrid(0, { durationS: DAY_S, retention: 2 }, [{ durationS: 3600, retention: 168 }]);

export interface Fixture {
  readonly app: Hono;
  readonly store: EmbeddedStore;
  readonly intake: Intake;
  /** The clock of all; a test may move it. */
  readonly clock: { nowMs: number };
  /** What was logged, as parsed lines. */
  readonly logged: Record<string, unknown>[];
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Commits observations of labs: Unix milliseconds, °C, %RH. */
  commit(observations: readonly Row[]): Promise<void>;
  /** Posts an observation given as a value, or a body given as text or bytes. */
  post(body: unknown, path?: string): Promise<Response>;
}

export interface Row {
  readonly lab: string;
  readonly ms: number;
  readonly temp?: number;
  readonly humidity?: number;
}

export interface FixtureOptions extends Partial<ApiOptions> {
  readonly labsMax?: number;
  readonly pendingMax?: number;
  readonly grid?: BucketGrid;
  /** What the API and intake are given in place of the store. */
  readonly instead?: (store: EmbeddedStore) => Store;
}

/** The API over a real embedded store and a real intake, in a folder of the test's own. */
export async function startApi(t: TestContext, options: FixtureOptions = {}): Promise<Fixture> {
  const { labsMax = 1000, pendingMax = 1000, instead = (store) => store, ...apiOptions } = options;
  const { grid = GRID } = options;
  const clock = { nowMs: NOON_MS };
  const folder = await temporaryFolder('api-test');
  const store = await EmbeddedStore.open({
    grid,
    dataDir: folder.path,
    deduplicationHorizonS: 2 * DAY_S,
    labsMax,
    rejectionsMax: 1000,
    process: 'api-1',
  });
  const used = instead(store);
  const intake = new Intake({
    store: used,
    grid,
    limits: { payloadBytesMax: 1000, arrayLengthMax: 100, pendingMax },
    clock: () => clock.nowMs,
  });
  t.after(async () => {
    await intake.stop(1000);
    await store.close();
    await folder.remove();
  });
  const logged: Record<string, unknown>[] = [];
  const app = createApi({
    store: used,
    intake,
    grid,
    process: 'api-1',
    expectedIntervalS: 30,
    requestBytesMax: 1000,
    clock: () => clock.nowMs,
    storeTimeoutMs: 5000,
    readiness: async () => [],
    log: listLog(logged),
    ...apiOptions,
  });
  return {
    app,
    store,
    intake,
    clock,
    logged,
    get: async (path, headers = {}) => app.request(path, { headers }),
    commit: async (observations) => {
      const batch = new Batch();
      for (const { lab, ms, temp, humidity } of observations)
        batch.addTimed(lab, {
          timestampMs: ms,
          badMetric: undefined,
          temp: temp === undefined ? ABSENT : toThousandths(temp),
          humidity: humidity === undefined ? ABSENT : toThousandths(humidity),
          sensor: '',
        });
      await store.commit(batch, clock.nowMs);
    },
    post: async (body, path = '/observation') =>
      app.request(path, {
        method: 'POST',
        body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      }),
  };
}

/** A store whose given methods are others. */
export function storeWith(store: Store, methods: Partial<Store>): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (Object.hasOwn(methods, name)) return methods[name as keyof Store];
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** A store of which every read fails. */
export function refusingStore(store: Store): Store {
  const refuse = () => Promise.reject(new Error('connection to 10.1.2.3 lost'));
  return storeWith(store, {
    // biome-ignore lint/correctness/useYield: it fails before its first page
    buckets: async function* () {
      await refuse();
    },
    labs: refuse,
    latest: refuse,
    series: refuse,
    ledgers: refuse,
    rejections: refuse,
  });
}

/** The JSON of an answer, which must be of the documented shape. */
export async function documentIn<T extends TSchema>(schema: T, response: Response): Promise<Static<T>> {
  const document: unknown = await response.json();
  assert.ok(Value.Check(schema, document), JSON.stringify([...Value.Errors(schema, document)]));
  return document;
}

/** Seconds of a time of the day before the fixture's noon. */
export function yesterdayS(hour: number): number {
  return NOON_MS / 1000 - DAY_S + (hour - 12) * 3600;
}

function listLog(lines: Record<string, unknown>[]): Logger {
  return pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
}
