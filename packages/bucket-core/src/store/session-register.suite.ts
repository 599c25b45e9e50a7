import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Store } from '../index.js';
import { CONTRACT_OPTIONS, type OpenStore } from './store-contract.fixture.js';

/** Holds a store to its contract as a session register. */
export function sessionRegisterContract(name: string, open: OpenStore): void {
  describe(`${name} keeps the contract of a session register`, () => {
    let store: Store;
    before(async () => {
      store = await open(CONTRACT_OPTIONS);
    });
    after(async () => {
      await store.close();
    });

    test('a session is abandoned once nobody has served it for its time, until it is forgotten', async () => {
      await store.touchSession('served', 'me', 60);
      await store.touchSession('left', 'me', 1);
      await store.touchSession('gone', 'me', 1);
      const abandoned = async () => {
        const sessions = await store.sessions();
        assert.ok(sessions.some(({ name }) => name === 'served'));
        return sessions.flatMap((session) => (session.abandoned ? [session.name] : [])).sort();
      };
      assert.deepEqual(await abandoned(), []);
      await new Promise((resolve) => setTimeout(resolve, 1100));
      assert.deepEqual(await abandoned(), ['gone', 'left']);
      await store.forgetSession('gone');
      assert.equal(await store.sessionOwner('left'), undefined);
      await store.touchSession('left', 'another', 60);
      assert.equal(await store.sessionOwner('left'), 'another');
      assert.deepEqual(await abandoned(), []);
    });

    test('a session keeps what was last written about it', async () => {
      await store.touchSession('with value', 'me', 60, 'first');
      await store.touchSession('with value', 'me', 60, '{"filters":["a/+"]}');
      await store.touchSession('without', 'me', 60);
      const values = (await store.sessions()).map(({ name, value }) => [name, value]);
      assert.deepEqual(Object.fromEntries(values)['with value'], '{"filters":["a/+"]}');
      assert.deepEqual(Object.fromEntries(values).without, '');
    });
  });
}
