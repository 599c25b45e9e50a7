import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPartner } from './partners.js';
import { sessionNames } from './session-name.js';

const ours = sessionNames(['a/+', 'b/+'], 'mqtt://broker', 'g', 'w1');

/** Sessions written as in the store; those with a ! are alive. */
function isPartner(...texts: string[]): boolean {
  const sessions = texts.map((text) => ({ name: text.replace('!', ''), abandoned: !text.startsWith('!') }));
  return hasPartner(sessions, ours);
}

test('a living worker of the group with all our topics is a partner', () => {
  assert.equal(isPartner('!broker g w2', '!a/+,b/+ broker g w2'), true);
  assert.equal(isPartner('!broker g w2', '!a/+ broker g w2', '!b/+,c/+ broker g w2'), true);
});

test('a session that is abandoned, ours, of another group or broker, or without our topics is no partner', () => {
  assert.equal(isPartner('broker g w2', 'a/+,b/+ broker g w2'), false);
  assert.equal(isPartner('!broker g w1', '!a/+,b/+ broker g w1'), false);
  assert.equal(isPartner('!broker h w2', '!a/+,b/+ broker h w2'), false);
  assert.equal(isPartner('!other g w2', '!a/+,b/+ other g w2'), false);
  assert.equal(isPartner('!broker g w2', '!a/+ broker g w2'), false);
  assert.equal(isPartner('!broker g w2', '!a/+ broker g w2', '!broker g w3', '!b/+ broker g w3'), false);
});
