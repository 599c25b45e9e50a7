import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startMosquitto, startRedis, temporaryFolder } from '@humtemp/test-services';
import { connectAsync } from 'mqtt';
import { freePorts, HumtempProcess } from './humtemp-process.js';

const NOW_S = Math.floor(Date.now() / 1000) - 60;
const ISO = new Date(NOW_S * 1000).toISOString();

interface Row {
  readonly lab: string;
  readonly payload: string | Buffer;
  /** The latest values that the API must show; undefined: the lab must be unknown. */
  readonly shows?: { readonly temp: number | null; readonly humidity: number | null; readonly at?: number };
  readonly retain?: boolean;
}

/** What real devices send around the format, and what becomes of it. */
const ROWS: readonly Row[] = [
  { lab: 'dewar', payload: '{"temp":-196}', shows: { temp: -196, humidity: null } },
  { lab: 'absolute-zero', payload: '{"temp":-273.16}' },
  { lab: 'nul', payload: '{"temp":20}\0', shows: { temp: 20, humidity: null } },
  { lab: 'byte-order-mark', payload: '\ufeff{"temp":20}', shows: { temp: 20, humidity: null } },
  {
    lab: 'latin1',
    payload: Buffer.from('{"temp":20,"unit":"\u00b0C"}', 'latin1'),
    shows: { temp: 20, humidity: null },
  },
  { lab: 'latin1-sensor', payload: Buffer.from('{"temp":20,"sensor":"\u00b0"}', 'latin1') },
  { lab: 'humid', payload: '{"temp":21.5,"humidity":100.4}', shows: { temp: 21.5, humidity: null } },
  { lab: 'cold', payload: '{"temp":-300,"humidity":48}', shows: { temp: null, humidity: 48 } },
  { lab: 'both-wrong', payload: '{"temp":-300,"humidity":148}' },
  { lab: 'ms', payload: `{"temp":20,"timestamp":${NOW_S * 1000}}`, shows: at(NOW_S) },
  { lab: 'text', payload: `{"temp":20,"timestamp":"${NOW_S}"}`, shows: at(NOW_S) },
  { lab: 'text-ms', payload: `{"temp":20,"timestamp":"${NOW_S * 1000}"}`, shows: at(NOW_S) },
  { lab: 'zone', payload: `{"temp":20,"timestamp":"${ISO.replace('Z', '+0000')}"}`, shows: at(NOW_S) },
  { lab: 'blank', payload: `{"temp":20,"timestamp":"${ISO.replace('T', ' ')}"}`, shows: at(NOW_S) },
  { lab: 'no-zone', payload: `{"temp":20,"timestamp":"${ISO.slice(0, 19)}"}` },
  { lab: 'ahead', payload: `{"temp":20,"timestamp":${NOW_S + 60 + 200}}`, shows: at(NOW_S + 260) },
  { lab: 'far-ahead', payload: `{"temp":20,"timestamp":${NOW_S + 60 + 400}}` },
  { lab: 'retained', payload: '{"temp":20}', shows: { temp: 20, humidity: null }, retain: true },
];

function at(unixS: number) {
  return { temp: 20, humidity: null, at: unixS };
}

/** Publishes every row to a broker, and asks the API at a base URL what it shows. */
async function check(t: TestContext, brokerUrl: string, baseUrl: string): Promise<void> {
  const publisher = await connectAsync(brokerUrl, { reconnectPeriod: 0 });
  t.after(() => publisher.endAsync(true));
  // QoS 2 takes the other lane of the embedded broker.
  for (const qos of [1, 2] as const)
    for (const { lab, payload, retain = false } of ROWS)
      await publisher.publishAsync(`labs/${lab}-${qos}/observation`, payload, { qos, retain });
  const get = async (path: string) => (await fetch(`${baseUrl}${path}`)).json() as Promise<never>;
  const ledger = (): Promise<Record<string, never>> => get('/ledger');
  for (let counts = await ledger(); counts.received !== 2 * ROWS.length || counts.in_flight !== 0; ) {
    await new Promise((resolve) => setTimeout(resolve, 25));
    counts = await ledger();
  }
  for (const qos of [1, 2])
    for (const { lab, shows } of ROWS) {
      const { latest } = await get(`/labs/${lab}-${qos}`);
      if (shows === undefined) assert.equal(latest, undefined, `${lab}-${qos}`);
      else {
        const { temp, humidity, timestamp } = latest;
        const seen = { temp, humidity, ...(shows.at && { at: Math.floor(Date.parse(timestamp) / 1000) }) };
        assert.deepEqual(seen, shows, `${lab}-${qos}`);
      }
    }
  const { rejected, metrics_rejected, balanced } = await ledger();
  assert.deepEqual(rejected, { not_utf8: 2, temp: 4, timestamp: 2, future: 2 });
  assert.deepEqual(metrics_rejected, { temp: 2, humidity: 2 });
  assert.equal(balanced, true);
  const { rejections } = await get('/rejections');
  const excerpts = (rejections as { excerpt: string }[]).map(({ excerpt }) => excerpt);
  assert.ok(excerpts.includes('{"temp":20,"sensor":"\\xB0"}'), excerpts.join('\n'));
}

const ENV = { HUMTEMP_FUTURE_MAX: '5m' };

test('what devices send around the format is read by the embedded broker and store', async (t) => {
  const folder = await temporaryFolder('tolerance');
  t.after(() => folder.remove());
  const { mqtt, baseUrl, env } = await freePorts();
  const start = new HumtempProcess(['start'], { ...env, ...ENV, HUMTEMP_DATA_DIR: `${folder.path}/data` });
  t.after(() => start.kill());
  await start.ready(baseUrl);
  await check(t, `mqtt://127.0.0.1:${mqtt}`, baseUrl);
  const { rejected } = await start.stop();
  assert.equal(rejected.future, 2);
  assert.equal(start.stderr.split('"reason":"future"').length - 1, 1, 'one warning a minute');
});

test('what devices send around the format is read through Mosquitto by a worker with Redis', async (t) => {
  const mosquitto = await startMosquitto();
  t.after(() => mosquitto.close());
  const redis = await startRedis();
  t.after(() => redis.close());
  const { baseUrl, env } = await freePorts();
  const start = new HumtempProcess(['start'], {
    ...env,
    ...ENV,
    HUMTEMP_MQTT_URL: mosquitto.url,
    HUMTEMP_REDIS_URL: redis.url,
  });
  t.after(() => start.kill());
  await start.ready(baseUrl);
  await check(t, mosquitto.url, baseUrl);
  await start.stop();
});
