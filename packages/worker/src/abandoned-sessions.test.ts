import assert from 'node:assert/strict';
import { test } from 'node:test';
import { abandonedSessions, hasPartner, sessionsOfClient } from './abandoned-sessions.js';
import { type StoredSession, sessionName, sessionValue } from './session-record.js';

const ours = { host: 'broker', group: 'g', clientId: 'w1', topics: ['a/+'], isSubscribed: true };

/**
 * A record of `TOPICS HOST GROUP CLIENT`; those with a ! are alive, those with a ? have not subscribed yet.
 */
function stored(text: string): StoredSession {
  const [topics = '', host = '', group = '', clientId = ''] = text.replace(/[!?]+/, '').split(' ');
  const isSubscribed = !text.includes('?');
  const session = { host, group, clientId, topics: topics.split(','), isSubscribed };
  return { name: sessionName(session), value: sessionValue(session), abandoned: !text.startsWith('!') };
}

function of(...texts: string[]): { adoptable: string[]; stranded: string[] } {
  const { adoptable, stranded } = abandonedSessions(texts.map(stored), ours);
  const clientIds = (found: typeof adoptable) => found.map(({ clientId }) => clientId);
  return { adoptable: clientIds(adoptable), stranded: clientIds(stranded) };
}

const NOTHING = { adoptable: [], stranded: [] };

test('sessions with our topics are ours to adopt, if they are abandoned', () => {
  assert.deepEqual(of('a/+ broker g w2', '!a/+ broker g w3'), { adoptable: ['w2'], stranded: [] });
});

test('our own session, other groups and other brokers do not concern us', () => {
  assert.deepEqual(of('a/+ broker g w1', 'b/+ broker h w2', 'a/+ other g w3'), NOTHING);
});

test('other topics are stranded, unless a worker of the group has them', () => {
  assert.deepEqual(of('b/+ broker g w2'), { adoptable: [], stranded: ['w2'] });
  assert.deepEqual(of('a/+,b/+ broker g w2', '!b/+ broker g w3'), { adoptable: [], stranded: ['w2'] });
  assert.deepEqual(of('b/+ broker g w2', '!a/+,b/+ broker g w3'), NOTHING);
  assert.deepEqual(of('b/+ broker g w2', '!b/+ broker h w3'), { adoptable: [], stranded: ['w2'] });
});

test('a session that lives in another group is not abandoned', () => {
  assert.deepEqual(of('a/+ broker g w2', '!a/+ broker h w2'), NOTHING);
  assert.deepEqual(of('a/+ broker g w2', '!a/+ other g w2').adoptable, ['w2']);
});

test('records that are not of a worker, or do not fit their name, concern nobody', () => {
  const records = [
    { name: 'broker g w2', value: '', abandoned: true },
    { ...stored('a/+ broker g w2'), name: 'broker g w3' },
  ];
  assert.deepEqual(abandonedSessions(records, ours), NOTHING);
});

test('a living worker of the group that has subscribed to all our topics is a partner, and nobody else', () => {
  const isPartner = (...texts: string[]) => hasPartner(texts.map(stored), ours);
  assert.equal(isPartner('!a/+ broker g w2'), true);
  assert.equal(isPartner('!a/+,b/+ broker g w2'), true);
  for (const other of [
    'a/+ broker g w2',
    '!a/+ broker g w1',
    '!a/+ broker h w2',
    '!a/+ other g w2',
    '!b/+ broker g w2',
    '!?a/+ broker g w2',
  ])
    assert.equal(isPartner(other), false, other);
});

test('what is known of our client id at our broker is found, in whatever group', () => {
  const records = ['!a/+ broker g w1', 'b/+ broker h w1', '!a/+ other g w1', '!a/+ broker g w2'].map(stored);
  const groups = sessionsOfClient(records, ours).map(({ group, topics }) => [group, topics]);
  assert.deepEqual(groups, [
    ['g', ['a/+']],
    ['h', ['b/+']],
  ]);
});
