import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Accounts } from './password-file.js';
import { hashPassword, type PasswordHash } from './password-hash.js';
import { PasswordVerifier } from './password-verifier.js';

const secret = Buffer.from('secret');
const other = Buffer.from('other');

async function accounts(iterations: number, ...usernames: string[]): Promise<Accounts> {
  const hash = await hashPassword(secret, iterations);
  return new Map(usernames.map((username) => [username, hash] as const));
}

/** Counts how often a hash was used. */
function counted(hash: PasswordHash): { hash: PasswordHash; uses: () => number } {
  let uses = 0;
  const { salt } = hash;
  const hashCounted = Object.defineProperty({ ...hash }, 'salt', { get: () => ++uses && salt });
  return { hash: hashCounted, uses: () => uses };
}

describe('a password that was verified', () => {
  test('is remembered, for an hour, and for its user only', async () => {
    let nowMs = 1000;
    const { hash, uses } = counted(await hashPassword(secret, 101));
    const table = new Map([
      ['anna', hash],
      ['bert', hash],
    ]);
    const verifier = new PasswordVerifier(table, () => nowMs);
    for (let i = 0; i < 3; i++) assert.equal(await verifier.verify('anna', secret), 'accepted');
    assert.equal(uses(), 1);
    assert.equal(await verifier.verify('bert', secret), 'accepted');
    assert.equal(uses(), 2);
    assert.equal(await verifier.verify('anna', other), 'bad_credentials');
    assert.equal(await verifier.verify('anna', other), 'bad_credentials');
    assert.equal(uses(), 4);
    nowMs += 3_599_999;
    assert.equal(await verifier.verify('anna', secret), 'accepted');
    assert.equal(uses(), 4);
    nowMs += 2;
    assert.equal(await verifier.verify('anna', secret), 'accepted');
    assert.equal(uses(), 5);
  });

  test('is forgotten with its account', async () => {
    const both = await accounts(101, 'anna', 'bert');
    const verifier = new PasswordVerifier(both);
    assert.equal(await verifier.verify('anna', secret), 'accepted');
    verifier.replaceAccounts(new Map([...both].slice(1)));
    assert.equal(await verifier.verify('anna', secret), 'bad_credentials');
    verifier.replaceAccounts(new Map([['anna', await hashPassword(other, 101)]]));
    assert.equal(await verifier.verify('anna', secret), 'bad_credentials');
    assert.equal(await verifier.verify('anna', other), 'accepted');
  });
});

test('an account that changes while its password is verified is not let in with the old one', async () => {
  const verifier = new PasswordVerifier(await accounts(101, 'anna'));
  const changed = new Map([['anna', await hashPassword(other, 101)]]);
  const answer = verifier.verify('anna', secret);
  verifier.replaceAccounts(changed);
  assert.equal(await answer, 'bad_credentials');
  assert.equal(await verifier.verify('anna', secret), 'bad_credentials');
});

test('who waits is verified against the accounts of then', async () => {
  const verifier = new PasswordVerifier(await accounts(101, 'anna', 'bert'));
  const changed = new Map([['anna', await hashPassword(other, 101)]]);
  const first = [verifier.verify('anna', secret), verifier.verify('bert', secret)];
  const waiting = verifier.verify('anna', other);
  verifier.replaceAccounts(changed);
  assert.equal(await waiting, 'accepted');
  assert.deepEqual(await Promise.all(first), ['bad_credentials', 'bad_credentials']);
});

test('a user that there is not costs as much as one that there is', async () => {
  const { hash, uses } = counted(await hashPassword(secret, 101));
  const verifier = new PasswordVerifier(new Map([['anna', hash]]));
  // It stays refused with the password of the account that stood in for it.
  for (let i = 1; i < 4; i++) {
    assert.equal(await verifier.verify('zoe', secret), 'bad_credentials');
    assert.equal(uses(), i);
  }
  assert.equal(await new PasswordVerifier(new Map()).verify('zoe', secret), 'bad_credentials');
});

test('two are verified at a time, 500 wait, and the next is told to come again', async () => {
  const verifier = new PasswordVerifier(await accounts(101, 'anna', 'bert'));
  const answers = await Promise.all(Array.from({ length: 503 }, () => verifier.verify('anna', secret)));
  assert.equal(answers.filter((answer) => answer === 'accepted').length, 502);
  assert.equal(answers.at(-1), 'busy');
  // What is remembered does not wait; and all places are free again.
  const more = Array.from({ length: 502 }, () => verifier.verify('bert', other));
  assert.equal(await verifier.verify('anna', secret), 'accepted');
  assert.ok((await Promise.all(more)).every((answer) => answer === 'bad_credentials'));
});
