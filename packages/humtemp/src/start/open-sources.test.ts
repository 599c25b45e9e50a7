import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import { pino } from 'pino';
import { readConfig } from '../config/config.js';
import { StartError } from '../start-error.js';
import { openSources } from './open-sources.js';

async function opened(t: TestContext, env: NodeJS.ProcessEnv, text?: string) {
  const folder = await temporaryFolder('open-sources-test');
  t.after(() => folder.remove());
  const file = join(folder.path, 'sources.yaml');
  if (text !== undefined) await writeFile(file, text);
  const logged: string[] = [];
  const log = pino({}, { write: (line: string) => void logged.push(line) });
  const config = readConfig({ ...env, ...(text !== undefined && { HUMTEMP_SOURCES_FILE: file }) }, 'start');
  const sources = await openSources(config, log);
  t.after(() => sources.close());
  return { sources, file, logged };
}

const names = ({ reports }: Awaited<ReturnType<typeof openSources>>) => reports().map(({ name }) => name);

test('our own form is the only source unless others are named', async (t) => {
  const { sources } = await opened(t, {});
  assert.deepEqual(sources.table.filters, ['labs/+/observation']);
  assert.deepEqual(names(sources), ['labs']);
});

test('presets come by name, and a source of the file takes the place of the preset with its name', async (t) => {
  const { sources } = await opened(
    t,
    { HUMTEMP_SOURCES: 'zigbee2mqtt,labs,tasmota' },
    'sources:\n  zigbee2mqtt: { preset: zigbee2mqtt, base: home/z2m }\n',
  );
  assert.deepEqual(names(sources), ['labs', 'zigbee2mqtt', 'tasmota']);
  assert.deepEqual(sources.table.filters, ['labs/+/observation', 'home/z2m/#', 'tele/+/SENSOR']);
  assert.equal(sources.table.find('home/z2m/x')?.name, 'zigbee2mqtt');
  assert.equal(sources.table.labOf('home/z2m/Cold room'), 'Cold.20room');
});

test('without labs its topics are not read', async (t) => {
  const { sources } = await opened(t, { HUMTEMP_SOURCES: 'tasmota' });
  assert.deepEqual(sources.table.filters, ['tele/+/SENSOR']);
  assert.equal(sources.table.find('labs/a/observation'), undefined);
});

test('a filter that another one covers is not subscribed to', async (t) => {
  const { sources } = await opened(t, { HUMTEMP_SOURCES: 'esphome,home-assistant-statestream' });
  assert.deepEqual(sources.table.filters, ['+/sensor/+/state']);
  assert.equal(sources.table.find('homeassistant/sensor/a_temperature/state')?.name, 'esphome');
});

test('a file that is wrong changes nothing, and a good one changes what is in force', async (t) => {
  const good = 'sources:\n  a: { topic: "a/{lab}", temp: t }\n';
  const { sources, file, logged } = await opened(t, {}, good);
  await writeFile(file, 'sources:\n  b: { topik: "b/{lab}", temp: t }\n');
  await sources.reload();
  assert.deepEqual(names(sources), ['labs', 'a']);
  assert.match(logged.at(-1) ?? '', /the sources stay as they were/);
  assert.match(logged.at(-1) ?? '', /2:\d+: sources\.b\.topik/);
  const before = sources.table.find('a/x');
  await writeFile(file, `${good}  b: { topic: "b/{lab}", temp: t }\n`);
  await sources.reload();
  assert.deepEqual(names(sources), ['labs', 'a', 'b']);
  assert.equal(sources.table.find('a/x')?.name, before?.name);
});

test('a start with a wrong file, or none, ends with a message about each mistake', async (t) => {
  await assert.rejects(
    opened(t, {}, 'sources:\n  b: { topik: "b/{lab}", temp: 7 }\n'),
    (error: Error) => error instanceof StartError && /topik[\s\S]*temp: 7/.test(error.message),
  );
  await assert.rejects(opened(t, { HUMTEMP_SOURCES_FILE: '/nowhere/sources.yaml' }), StartError);
});

test('a name of no preset is refused with the names there are', () => {
  assert.throws(
    () => readConfig({ HUMTEMP_SOURCES: 'labs,zigbee' }, 'start'),
    /HUMTEMP_SOURCES=labs,zigbee: expected names of airgradient, .*zigbee2mqtt/,
  );
});

test('what devices announce to Home Assistant is subscribed to and read, behind the sources that are configured', async (t) => {
  const { sources } = await opened(t, {
    HUMTEMP_SOURCES: 'labs,tasmota',
    HUMTEMP_DISCOVERY_PREFIX: 'homeassistant',
  });
  const { table } = sources;
  const replaced = new Promise<void>((resolve) => table.onReplaced(resolve));
  for (const state_topic of ['esp/kitchen/temp', 'tele/plug/SENSOR']) {
    const topic = `homeassistant/sensor/${state_topic.replaceAll('/', '_')}/config`;
    const config = { device_class: 'temperature', unit_of_measurement: '°C', state_topic, name: 'kitchen' };
    const bytes = Buffer.from(JSON.stringify(config));
    const source = table.find(topic)!;
    const payload = { bytes, start: 0, end: bytes.length, source: undefined };
    source.decode(table.match, { topic, payload, isReplayed: true } as never, { ignore: () => {} } as never);
  }
  await replaced;
  assert.ok(table.filters.includes('esp/kitchen/temp'));
  assert.ok(!table.filters.includes('tele/plug/SENSOR'), 'the filter of tasmota brings it');
  assert.equal(table.find('esp/kitchen/temp')?.name, 'homeassistant');
  assert.equal(table.find('tele/plug/SENSOR')?.name, 'tasmota');
});
