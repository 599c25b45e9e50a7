import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { IdentitySet } from './identity-set.js';

const identities = fc.array(fc.oneof(fc.bigInt(0n, 2n ** 53n - 1n).map(Number), fc.nat(40)), {
  maxLength: 500,
});

test('an identity is new once', () => {
  fc.assert(
    fc.property(identities, fc.nat(100), (all, expected) => {
      const set = new IdentitySet(expected);
      const model = new Set<number>();
      for (const identity of all) {
        assert.equal(set.add(identity), !model.has(identity));
        model.add(identity);
      }
      assert.equal(set.count, model.size);
    }),
  );
});
