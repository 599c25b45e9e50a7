import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { connectFrame } from '../broker.fixture.js';
import { Budget } from '../budgets/budget.js';
import { Kept } from '../budgets/kept.js';
import { Entrance } from './entrance.js';

test('an entrance lets exactly the CONNECT pass and keeps what is behind it, in whatever pieces it comes', () => {
  const connect = connectFrame('c');
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
      (behind, sizes) => {
        const budget = new Budget(1000, 1000);
        const entrance = new Entrance(100, new Kept(budget, { owner: 'o' }));
        const bytes = Buffer.concat([connect, behind]);
        let passed: Buffer | undefined;
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const end = at + sizes[i % sizes.length]!;
          const state = entrance.take(bytes.subarray(at, end));
          if (state !== undefined && 'connect' in state) passed = state.connect;
          assert.equal(entrance.isWaiting, end >= connect.length);
          at = end;
        }
        assert.deepEqual(passed, connect);
        assert.deepEqual(entrance.open(), Buffer.from(behind));
        assert.equal(budget.used, 0);
      },
    ),
  );
});

test('an entrance refuses what is no CONNECT, whatever it is', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 100 }), (bytes) => {
      fc.pre(bytes[0] !== 0x10);
      assert.ok(
        'refusal' in
          new Entrance(100, new Kept(new Budget(1000, 1000), { owner: 'o' })).take(Buffer.from(bytes))!,
      );
    }),
  );
});

test('an entrance refuses what it has no room for, and gives back what it kept when the connection ends', () => {
  const budget = new Budget(1000, 200);
  const open = (owner: string) => new Entrance(100, new Kept(budget, { owner }));
  const [first, second, other] = [open('a'), open('a'), open('b')];
  const half = connectFrame('c'.repeat(60)).subarray(0, 70);
  assert.equal(first.take(half), undefined);
  assert.deepEqual(second.take(half), { refusal: 'too much is unfinished of others that connect' });
  assert.equal(other.take(half), undefined);
  for (const entrance of [first, second, other]) entrance.end();
  assert.equal(budget.used, 0);
});
