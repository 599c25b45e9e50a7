import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LabsSource } from '../counting/labs-source.js';
import type { PublishSource } from './publish-source.js';
import { SourceTable } from './source-table.js';
import { TopicFilters } from './topic-filters.js';

const labs = new LabsSource(new TopicFilters(['labs/+/observation']));

/** A source of the topics beneath a first level, which counts how often it is asked. */
function beneath(level: string): PublishSource & { asked: number } {
  return {
    asked: 0,
    name: level,
    filters: [`${level}/#`],
    match(topic: string) {
      this.asked += 1;
      return topic.startsWith(`${level}/`) ? { device: topic.slice(level.length + 1) } : undefined;
    },
    decode: () => {},
  };
}

test('the first source that knows a topic has it, by text and by bytes', () => {
  const [tele, zigbee, all] = ['tele', 'zigbee2mqtt', 'zigbee2mqtt'].map(beneath);
  for (const sources of [
    [labs, tele!, zigbee!, all!],
    [tele!, labs, zigbee!, all!],
  ]) {
    const table = new SourceTable(sources);
    const cases: [string, PublishSource | undefined, unknown][] = [
      ['labs/a/observation', labs, 'a'],
      ['tele/x/SENSOR', tele, { device: 'x/SENSOR' }],
      ['zigbee2mqtt/Küche', zigbee, { device: 'Küche' }],
      ['zigbee2mqtt/Küche', zigbee, { device: 'Küche' }],
      ['other', undefined, undefined],
    ];
    for (const [topic, source, match] of cases) {
      const bytes = Buffer.from(`-${topic}-`);
      assert.equal(table.find(topic), source, topic);
      assert.deepEqual(table.match, match);
      assert.equal(table.findBytes(bytes, 1, bytes.length - 1), source, topic);
      assert.deepEqual(table.match, match);
    }
  }
});

test('a source is asked once about a topic that comes again and again', () => {
  const zigbee = beneath('zigbee2mqtt');
  const table = new SourceTable([labs, zigbee]);
  const bytes = Buffer.from('zigbee2mqtt/x');
  for (let i = 0; i < 10; i++) table.findBytes(bytes, 0, bytes.length);
  assert.equal(zigbee.asked, 1);
});

test('a topic that is no text has no source but labs, which says that its lab is not plain', () => {
  const table = new SourceTable([labs, beneath('x')]);
  for (const topic of [Buffer.from([0x78, 0x2f, 0xff]), Buffer.from('x/\0')])
    assert.equal(table.findBytes(topic, 0, topic.length), undefined);
  const lab = Buffer.from('labs/\u00ff/observation', 'latin1');
  assert.equal(table.findBytes(lab, 0, lab.length), labs);
  assert.equal(table.isPlain(labs), false);
});

test('sources are exchanged as a whole, and whoever subscribed is called', () => {
  const table = new SourceTable([labs]);
  let calls = 0;
  table.onReplaced(() => calls++);
  assert.deepEqual(table.filters, ['labs/+/observation']);
  assert.equal(table.find('tele/x'), undefined);
  const tele = beneath('tele');
  table.replace([labs, tele]);
  assert.equal(calls, 1);
  assert.deepEqual(table.filters, ['labs/+/observation', 'tele/#']);
  assert.equal(table.find('tele/x'), tele);
  table.replace([tele]);
  assert.equal(table.find('labs/a/observation'), undefined);
});

test('the lab of a topic is known where the topic names it', () => {
  const table = new SourceTable([labs, beneath('tele')]);
  assert.equal(table.labOf('labs/a/observation'), 'a');
  assert.equal(table.labOf('tele/x'), undefined);
  assert.equal(table.labOf('other'), undefined);
});
