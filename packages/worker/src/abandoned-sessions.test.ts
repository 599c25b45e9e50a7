import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abandonedSessions } from './abandoned-sessions.js';
import { sessionNames } from './session-name.js';

const ours = sessionNames(['a/+'], 'mqtt://broker', 'g', 'w1');

/** Client ids, of sessions written as in the store; those with a ! are alive. */
function of(...texts: string[]): { adoptable: string[]; stranded: string[] } {
  const sessions = texts.map((text) => ({ name: text.replace('!', ''), abandoned: !text.startsWith('!') }));
  const { adoptable, stranded } = abandonedSessions(sessions, ours);
  const clientIds = (found: typeof adoptable) => found.map(({ clientId }) => clientId);
  return { adoptable: clientIds(adoptable), stranded: clientIds(stranded) };
}

test('sessions with our topics are ours to adopt, if they are abandoned', () => {
  assert.deepEqual(of('a/+ broker g w2', '!a/+ broker g w3'), { adoptable: ['w2'], stranded: [] });
});

test('our own session, other groups and other brokers do not concern us', () => {
  assert.deepEqual(of('a/+ broker g w1', 'b/+ broker h w2', 'a/+ other g w3'), {
    adoptable: [],
    stranded: [],
  });
});

test('other topics are stranded, unless a worker of the group has them', () => {
  assert.deepEqual(of('b/+ broker g w2'), { adoptable: [], stranded: ['w2'] });
  assert.deepEqual(of('a/+,b/+ broker g w2', '!b/+ broker g w3'), { adoptable: [], stranded: ['w2'] });
  assert.deepEqual(of('b/+ broker g w2', '!a/+,b/+ broker g w3'), { adoptable: [], stranded: [] });
  assert.deepEqual(of('b/+ broker g w2', '!b/+ broker h w3'), { adoptable: [], stranded: ['w2'] });
});

test('a session that lives under another name is not abandoned', () => {
  for (const alive of ['!b/+ broker g w2', '!a/+ broker h w2', '!broker g w2'])
    assert.deepEqual(of('a/+ broker g w2', alive), { adoptable: [], stranded: [] }, alive);
  assert.deepEqual(of('a/+ broker g w2', '!a/+ other g w2').adoptable, ['w2']);
});

test('a session of two names takes the topics of both', () => {
  assert.deepEqual(of('a/+ broker g w2', 'b/+ broker g w2'), { adoptable: [], stranded: ['w2'] });
});

test('a session and a worker of several names have the topics of all', () => {
  const names = ['broker g w2', 'b/+ broker g w2', 'c/+ broker g w2'];
  const alive = ['!broker g w3', '!a/+,b/+ broker g w3', '!c/+ broker g w3'];
  assert.deepEqual(of(...names), { adoptable: [], stranded: ['w2'] });
  assert.deepEqual(of(...names, ...alive.slice(0, 2)), { adoptable: [], stranded: ['w2'] });
  assert.deepEqual(of(...names, ...alive), { adoptable: [], stranded: [] });
  const sessions = names.map((name) => ({ name, abandoned: true }));
  const worker = sessionNames(['c/+', 'b/+'], 'mqtt://broker', 'g', 'w1');
  assert.deepEqual(abandonedSessions(sessions, worker).adoptable, [
    { clientId: 'w2', names, filters: ['b/+', 'c/+'] },
  ]);
});

test('topics that are not known are tried', () => {
  assert.deepEqual(of('broker g w2'), { adoptable: ['w2'], stranded: [] });
});
