import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gathering } from './gathering.js';
import { idChunks } from './id-chunks.js';

test('what is wanted together is read in one request, and each gets its own', async () => {
  const asked: (readonly string[])[] = [];
  const gathering = new Gathering(async (ids) => {
    asked.push(ids);
    return ids.map((id) => `${id}!`);
  });
  const gone = AbortSignal.abort(new Error('scrolled away'));
  const all = await Promise.allSettled([
    gathering.want('a'),
    gathering.want('b', gone),
    gathering.want('c'),
    gathering.want('a'),
  ]);
  assert.deepEqual(
    all.map((one) => (one.status === 'fulfilled' ? one.value : (one.reason as Error).message)),
    ['a!', 'scrolled away', 'c!', 'a!'],
  );
  assert.deepEqual(asked, [['a', 'c']]);
});

test('a read that fails fails for those it was for', async () => {
  const gathering = new Gathering<string>(async (ids) => {
    if (ids[0] === 'id-0') throw new Error('no answer');
    return ids;
  });
  const all = await Promise.allSettled(Array.from({ length: 101 }, (_, i) => gathering.want(`id-${i}`)));
  assert.equal(all.filter(({ status }) => status === 'fulfilled').length, 1);
});

test('lists of ids fit into a URL, however long ids are', () => {
  const ids = Array.from({ length: 100 }, (_, i) => `${'floor/'.repeat(32)}${i}`);
  const chunks = idChunks(ids, 100);
  assert.deepEqual(chunks.flat(), ids);
  for (const chunk of chunks) assert.ok(encodeURIComponent(chunk.join()).length < 6100);
  assert.deepEqual(idChunks(['a', 'b', 'c'], 2), [['a', 'b'], ['c']]);
  assert.deepEqual(idChunks([], 2), []);
});
