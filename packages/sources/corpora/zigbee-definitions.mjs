/**
 * How much of zigbee2mqtt's devices the preset understands: every definition of zigbee-herdsman-converters, one payload
 * each with a value for all that it exposes. Installs the pinned package into a temporary folder; needs the npm registry.
 *
 *     npm run build && node packages/sources/corpora/zigbee-definitions.mjs [--list]
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSources } from '@humtemp/sources';
import { readPresets } from '@humtemp/sources/presets';

const VERSION = '26.112.0';

/** Properties that are the temperature or humidity of air, by name: independent of what the preset reads. */
const AIR =
  /^(?:(?:local_|current_|room_|air_)?temperature|air_temp|temperature_c|(?:air_)?humidity)(?:_(?:l?\d+|bme|heat))?$/;
/** Devices whose temperature is not that of a room, by what their makers call them. */
const NOT_A_ROOM =
  /plug|socket|outlet|meter(?!.*(?:hygro|humid))|breaker|RCBO|switch.*power|rail switch|soil|flower|plant|water(?:ing)? (?:level|valve|heater)|tank|pressure monitor|chlorine|TDS|leakage protector|clamp|vent\b|curtain|stove|Thermostat outlet|power monitor|USB switch|energy monitor/i;

const directory = mkdtempSync(join(tmpdir(), 'humtemp-zigbee-'));
try {
  execFileSync(
    'npm',
    [
      'install',
      '--silent',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      `zigbee-herdsman-converters@${VERSION}`,
    ],
    {
      cwd: directory,
      stdio: 'inherit',
    },
  );
  const require = createRequire(join(directory, 'x.js'));
  run(definitionsOf(require));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function definitionsOf(require) {
  const converters = require('zigbee-herdsman-converters');
  const { default: all } = require('zigbee-herdsman-converters/devices/index');
  return all.flatMap((raw) => {
    const { model, description, exposes } = converters.prepareDefinition(raw);
    const properties = [];
    const walk = (list) => {
      for (const one of list)
        if (one.features !== undefined && one.type !== 'composite') walk(one.features);
        else if (one.property !== undefined) properties.push(one);
    };
    walk(typeof exposes === 'function' ? exposes({ isDummyDevice: true }, {}) : exposes);
    return [{ model, description, properties }];
  });
}

function run(definitions) {
  const [source] = readSources('sources: { z: { preset: zigbee2mqtt } }', 'z', { presets: readPresets() });
  const share = { rooms: 0, whole: 0, half: [], none: [], notRooms: 0, counted: [] };
  for (const { model, description, properties } of definitions) {
    const payload = Object.fromEntries(properties.map((one, i) => [one.property, sampleOf(one, i)]));
    // The room's, not a setting: published, and not to be set.
    const air = properties.filter(
      ({ property, access, type, unit }) =>
        AIR.test(property) &&
        type === 'numeric' &&
        (access & 1) !== 0 &&
        (access & 2) === 0 &&
        /^(?:°C|%)$/.test(unit ?? ''),
    );
    if (air.length === 0) {
      const seen = read(source, payload);
      if (seen.length > 0) share.counted.push(`${model}: ${description}`);
      share.notRooms += 1;
      continue;
    }
    const hasHumidity = air.some(({ property }) => property.startsWith('humidity'));
    const isThermostat = air.some(({ property }) => /^(?:local|current)_/.test(property));
    const seen = read(source, payload);
    if (!hasHumidity && !isThermostat && NOT_A_ROOM.test(description)) {
      share.notRooms += 1;
      if (seen.length > 0) share.counted.push(`${model}: ${description}`);
      continue;
    }
    share.rooms += 1;
    // Of two names for the temperature of one room, one is enough.
    const wanted = new Map();
    for (const { property } of air) {
      const metric = property.includes('humidity') ? 'humidity' : 'temp';
      const sensor = /(?:temperature|humidity)_(.+)$/.exec(property)?.[1] ?? '';
      const key = `${metric} ${sensor === 'c' ? '' : sensor}`;
      wanted.set(key, [...(wanted.get(key) ?? []), payload[property]]);
    }
    const found = [...wanted].filter(([key, values]) =>
      values.some((value) => seen.includes(`${key} ${value}`)),
    );
    if (found.length === wanted.size) share.whole += 1;
    else
      (found.length > 0 ? share.half : share.none).push(
        `${model}: ${description}: wanted ${[...wanted.keys()]}, seen ${seen}`,
      );
  }
  const percent = ((100 * share.whole) / share.rooms).toFixed(1);
  console.log(`zigbee-herdsman-converters ${VERSION}: ${definitions.length} definitions`);
  console.log(
    `rooms: ${share.rooms}, all of it understood: ${share.whole} (${percent} %), half: ${share.half.length}, none: ${share.none.length}`,
  );
  console.log(`not rooms: ${share.notRooms}, counted all the same: ${share.counted.length}`);
  for (const line of [...share.half, ...share.none]) console.log(`  not understood: ${line}`);
  for (const line of share.counted) console.log(`  counted: ${line}`);
  if (share.half.length > 0 || share.whole < 0.99 * share.rooms) process.exitCode = 1;
}

function sampleOf({ type, unit, property }, i) {
  if (type !== 'numeric') return type === 'binary' ? 'ON' : 'something';
  if (/humid/.test(property)) return 40 + (i % 30);
  if (unit === '°C') return 15 + (i % 20) + (i % 10) / 10;
  return 7;
}

/** Observations of a payload as `metric sensor value`. */
function read(source, payload) {
  const seen = [];
  const bytes = Buffer.from(JSON.stringify(payload));
  const none = () => {};
  source.decode(
    source.match('zigbee2mqtt/device'),
    { topic: 'zigbee2mqtt/device', payload: { bytes, start: 0, end: bytes.length }, isReplayed: false },
    {
      receivedMs: Date.now(),
      arrayLengthMax: 1000,
      observation: (_lab, _ms, temp, humidity, sensor) => {
        if (temp > -1e9) seen.push(`temp ${sensor} ${temp / 1000}`);
        if (humidity > -1e9) seen.push(`humidity ${sensor} ${humidity / 1000}`);
        return true;
      },
      reject: none,
      rejectMetric: none,
      ignore: none,
    },
  );
  return seen;
}
