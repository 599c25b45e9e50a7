import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ABSENT } from '@humtemp/bucket-core';
import { type PublishSource, SourceTable } from '@humtemp/intake';
import { startApi } from '../api.fixture.js';
/** Reads `lab temperature` in words; `lamp` is not for us. */
import { sharedSourcesName } from '../sources/shared-sources-name.js';
import type { SourcesList } from './sources-route.js';

const WORDS: PublishSource = {
  name: 'words',
  filters: ['words/#'],
  match: (topic) => (topic.startsWith('words/') ? topic : undefined),
  decode(_match, { payload }, into) {
    for (const line of payload.toString().split('\n')) {
      const [lab, temp] = line.split(' ');
      if (lab === 'lamp') into.ignore();
      else if (temp === undefined) into.reject('no_value');
      else into.observation(lab!, undefined, Number(temp) * 1000, ABSENT, '');
    }
  },
};

const NOTES = {
  name: 'words',
  filters: WORDS.filters,
  live: false,
  events: { no_reading: 2 },
  unused_keys: [{ path: 'tempF', seen: 1, example: '70', topic: 'words/a' }],
};
const options = { sources: new SourceTable([WORDS]), sourceReports: () => [NOTES] };

test('a payload posted to a source counts as it would by MQTT', async (t) => {
  const { app, get } = await startApi(t, options);
  const post = async (path: string, body: string) => {
    const answer = await app.request(path, { method: 'POST', body });
    return [answer.status, (await answer.json()) as unknown] as const;
  };
  assert.deepEqual(await post('/sources/words?topic=words/a', 'hall 20\nattic\ncellar 9'), [
    200,
    { observations: 2, rejected: 1, ignored: false },
  ]);
  assert.deepEqual(await post('/sources/words?topic=words/a', 'lamp'), [
    200,
    { observations: 0, rejected: 0, ignored: true },
  ]);
  assert.equal((await post('/sources/words?topic=words/a', 'attic'))[0], 422);
  assert.equal((await post('/sources/words?topic=other/a', 'hall 20'))[0], 404);
  assert.equal((await post('/sources/none?topic=words/a', 'hall 20'))[0], 404);
  assert.equal((await post('/sources/words', 'hall 20'))[0], 400);
  assert.equal((await post('/sources/words?topic=words/a', 'x'.repeat(2000)))[0], 413);
  assert.equal((await get('/labs/hall')).status, 200);
});

test('what is posted for labs beyond the limit is told as rejected', async (t) => {
  const { app } = await startApi(t, { ...options, labsMax: 1 });
  const post = async (body: string) => {
    const answer = await app.request('/sources/words?topic=words/a', { method: 'POST', body });
    return [answer.status, (await answer.json()) as Record<string, unknown>] as const;
  };
  assert.equal((await post('hall 20'))[0], 200);
  assert.deepEqual(await post('cellar 9\nhall 21\ncellar 10'), [
    200,
    { observations: 1, rejected: 2, ignored: false },
  ]);
  const [status, problem] = await post('cellar 9');
  assert.deepEqual([status, problem.reason], [422, 'too_many_labs']);
});

test('the list of sources has those of other processes, added to its own', async (t) => {
  const { app, get, store } = await startApi(t, options);
  await app.request('/sources/words?topic=words/a', { method: 'POST', body: 'hall 20' });
  const listed = async () => ((await (await get('/sources')).json()) as SourcesList).sources;
  const [own] = await listed();
  const at = '2999-01-01T00:00:00.000Z';
  const line = { count: 5, last: { at, topic: 'words/b', excerpt: 'cellar 9' } };
  const theirs = { ...own!, publishes: 7, observations: line, rejected: { no_value: line } };
  for (const [process, text] of [
    ['worker-1', JSON.stringify([theirs, { ...theirs, name: 'other' }])],
    ['worker-2', '[{"name":"of another version"}]'],
    ['worker-3', 'no JSON'],
  ] as const) {
    const counters = { received: 0, committed: 0, duplicate: 0, rejected: {}, in_flight: 0 };
    await store.reportLedger({ process, role: 'worker', reportedMs: Date.now(), counters });
    await store.share(sharedSourcesName(process), text);
  }
  const [words, other, ...more] = await listed();
  assert.deepEqual([words?.name, words?.publishes, words?.observations], ['words', 8, { ...line, count: 6 }]);
  assert.deepEqual(words?.rejected, { no_value: line });
  assert.deepEqual(words?.events, { no_reading: 4 });
  assert.deepEqual([other?.name, other?.publishes, more.length], ['other', 7, 0]);
});

test('the list of sources shows what became of every publish, and keys that are not read', async (t) => {
  const { app, get } = await startApi(t, options);
  for (const body of ['hall 20', 'attic', 'lamp'])
    await app.request('/sources/words?topic=words/a', { method: 'POST', body });
  const { sources } = (await (await get('/sources')).json()) as SourcesList;
  const [words] = sources;
  assert.deepEqual(
    [words?.publishes, words?.observations.count, words?.ignored.count, words?.rejected.no_value?.count],
    [3, 1, 1, 1],
  );
  assert.equal(words?.rejected.no_value?.last?.excerpt, 'attic');
  assert.equal(words?.observations.last?.topic, 'words/a');
  assert.deepEqual(words?.events, { no_reading: 2 });
  assert.deepEqual(words?.unused_keys, NOTES.unused_keys);
});
