import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT, addObservation, emptyAggregate } from '@humtemp/bucket-core';
import { Discovery } from '@humtemp/sources';
import { LabAnnouncer } from './lab-announcer.js';

test('labs are announced to Home Assistant with their values, and not read again by a humtemp', async (t) => {
  const published: [topic: string, payload: Record<string, unknown>][] = [];
  let isFailing = false;
  let nowMs = 0;
  const announcer = new LabAnnouncer({
    store: {
      latest: async (labs) => {
        if (isFailing) throw new Error('out of reach');
        return labs.map((lab) => {
          const aggregate = emptyAggregate();
          addObservation(aggregate, 1000, 21_500, lab === 'a' ? ABSENT : 40_000);
          return { lab, startS: 0, aggregate };
        });
      },
    },
    publish: (topic, payload) => published.push([topic, JSON.parse(Buffer.from(payload).toString())]),
    prefix: 'homeassistant',
    nowMs: () => nowMs,
  });
  t.after(() => announcer.close());
  announcer.mark(['a', 'floor/K.C3.BCche']);
  isFailing = true;
  await announcer.round();
  assert.equal(published.length, 0);
  isFailing = false;
  await announcer.round();
  assert.deepEqual(
    published.map(([topic]) => topic),
    [
      'homeassistant/sensor/humtemp/a_temp/config',
      'humtemp/a/state',
      'homeassistant/sensor/humtemp/floor_2fK_2eC3_2eBCche_temp/config',
      'homeassistant/sensor/humtemp/floor_2fK_2eC3_2eBCche_humidity/config',
      'humtemp/floor/K.C3.BCche/state',
    ],
  );
  assert.deepEqual(published[1]![1], { temp: 21.5 });
  const [topic, config] = published[3]!;
  assert.deepEqual((config.device as { name: string }).name, 'floor/Küche');
  assert.deepEqual([config.unit_of_measurement, config.value_template], ['%', '{{ value_json.humidity }}']);

  const discovery = new Discovery('homeassistant', {
    onChanged: () => assert.fail('it announced itself to itself'),
    onUnused: (_, reason) => assert.fail(reason),
  });
  const bytes = Buffer.from(JSON.stringify(config));
  const publish = { topic, payload: { bytes, start: 0, end: bytes.length }, isReplayed: false };
  discovery.decode(discovery.match(topic), publish, { ignore: () => {} } as never);

  for (const [afterMs, publishes] of [
    [200_000, 1],
    [300_000, 2],
  ] as const) {
    nowMs = afterMs;
    published.length = 0;
    announcer.mark(['a']);
    await announcer.round();
    await announcer.round();
    assert.equal(published.length, publishes);
  }
});
