/**
 * What reading a zigbee2mqtt publish costs, as a multiple of JSON.parse of the same bytes, by turns.
 *
 *     npm run build && node packages/sources/corpora/speed.mjs
 */
import { Batch } from '@humtemp/bucket-core';
import { readSources } from '@humtemp/sources';
import { readPresets } from '@humtemp/sources/presets';

const PAYLOADS = {
  small: { temperature: 4.1, humidity: 61, battery: 97, linkquality: 80 },
  usual: {
    battery: 97,
    battery_low: false,
    humidity: 61.42,
    last_seen: '2026-11-28T16:00:00+01:00',
    linkquality: 80,
    temperature: 4.12,
    temperature_calibration: 0,
    humidity_calibration: 0,
    voltage: 3000,
    update: { installed_version: 8960, latest_version: 8960, state: 'idle' },
  },
};
const N = 20_000;
const ROUNDS = 25;
const [source] = readSources('sources: { z: { preset: zigbee2mqtt } }', 'z', { presets: readPresets() });

for (const [name, payload] of Object.entries(PAYLOADS)) {
  // Different values, as devices send them.
  const payloads = Array.from({ length: 256 }, (_, i) =>
    Buffer.from(
      JSON.stringify({
        ...payload,
        temperature: Math.round((payload.temperature + (i % 100) / 100) * 100) / 100,
        linkquality: i % 200,
      }),
    ),
  );
  const match = source.match('zigbee2mqtt/Cold room 2');
  let batch = new Batch();
  const now = Date.now();
  const into = {
    receivedMs: now,
    arrayLengthMax: 1000,
    observation(lab, ms, temp, humidity) {
      batch.add(lab, ms ?? now, 1, temp, humidity);
      return true;
    },
    reject() {},
    rejectMetric() {},
    ignore() {},
  };
  const publish = {
    topic: 'zigbee2mqtt/Cold room 2',
    payload: { bytes: payloads[0], start: 0, end: 0 },
    isReplayed: false,
  };
  const parse = () => {
    let sum = 0;
    for (let i = 0; i < N; i++) sum += JSON.parse(payloads[i & 255].toString()).linkquality;
    return sum;
  };
  const read = () => {
    batch = new Batch();
    for (let i = 0; i < N; i++) {
      const bytes = payloads[i & 255];
      publish.payload.bytes = bytes;
      publish.payload.end = bytes.length;
      source.decode(match, publish, into);
    }
    return batch.observations;
  };
  const times = { parse: [], read: [] };
  for (let round = 0; round < ROUNDS; round++)
    for (const [key, work] of Object.entries({ parse, read })) {
      const start = process.cpuUsage();
      work();
      const { user, system } = process.cpuUsage(start);
      times[key].push((user + system) / N);
    }
  const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
  const [parsed, whole] = [median(times.parse), median(times.read)];
  console.log(
    `${name}, ${payloads[0].length} bytes: JSON.parse ${parsed.toFixed(3)} µs, read ${whole.toFixed(3)} µs, ratio ${(whole / parsed).toFixed(2)}`,
  );
}
