import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSession, sessionName, sessionOf, sessionValue } from './session-record.js';

const BROKER = 'mqtt://user:secret@broker:1884';

test('a session is read as it was written, with as many topics as it has, and without the password', () => {
  const many = Array.from({ length: 500 }, (_, i) => `building-${i}/+/my observation`);
  for (const group of ['g', ''])
    for (const topics of [['#'], many]) {
      const session = sessionOf(topics, BROKER, group, 'w1');
      assert.deepEqual(readSession(sessionValue(session)), session);
      assert.equal(session.host, 'broker:1884');
      assert.ok(!sessionValue(session).includes('secret'));
    }
});

test('the name of a session says nothing of its topics, and their order makes no difference', () => {
  const session = sessionOf(['a/+', 'b/+'], BROKER, 'g', 'w1');
  assert.equal(sessionName(session), 'broker:1884 g w1');
  assert.equal(sessionName(sessionOf(['c/+'], BROKER, 'g', 'w1')), sessionName(session));
  assert.deepEqual(sessionOf(['b/+', 'a/+'], BROKER, 'g', 'w1'), session);
});

test('what is no session of a worker is none', () => {
  for (const value of [
    '',
    'x',
    'null',
    '[]',
    '{}',
    '{"host":"h","group":"g","clientId":"w"}',
    '{"host":"h","group":"g","clientId":"w","topics":[1],"isSubscribed":true}',
    '{"host":1,"group":"g","clientId":"w","topics":[],"isSubscribed":true}',
    '{"host":"h","group":"g","clientId":"w","topics":[]}',
  ])
    assert.equal(readSession(value), undefined, value);
});
