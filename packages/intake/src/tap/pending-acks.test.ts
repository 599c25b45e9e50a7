import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PendingAcks } from './pending-acks.js';

const steps = fc.array(
  fc.oneof(
    // So many publishes that share a receipt, or not; more than what is kept at once.
    fc.record({ add: fc.nat(40), isSame: fc.boolean() }),
    fc.record({ add: fc.constant(3000), isSame: fc.boolean() }),
    fc.record({ settle: fc.nat(80) }),
    fc.record({ settle: fc.constant(100_000) }),
    fc.record({ clear: fc.constant(true) }),
  ),
  { maxLength: 60 },
);

test('PUBACKs leave in the order of the publishes, each once, whatever is settled when', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const acks = new PendingAcks();
      let model: { receipt: number; packetId: number }[] = [];
      let receipt = 1;
      let packetId = 0;
      for (const step of all) {
        if ('clear' in step) {
          acks.clear();
          model = [];
        } else if ('add' in step) {
          for (let i = 0; i < step.add; i++) {
            if (!step.isSame) receipt += 1;
            packetId = (packetId % 65_535) + 1;
            assert.equal(acks.add(receipt, packetId), model.at(-1)?.receipt !== receipt);
            model.push({ receipt, packetId });
          }
        } else {
          const last = model[Math.min(step.settle, model.length) - 1]?.receipt ?? 0;
          const frames = acks.takeSettled({ isSettled: (one) => one <= last });
          const left = model.filter((one) => one.receipt > last);
          const expected = model.slice(0, model.length - left.length);
          model = left;
          assert.deepEqual(
            frames,
            expected.length === 0
              ? undefined
              : Buffer.concat(expected.map(({ packetId: id }) => Buffer.from([0x40, 2, id >> 8, id & 0xff]))),
          );
        }
        assert.equal(acks.count, model.length);
        assert.equal(acks.count, model.length);
      }
    }),
    { numRuns: 60 },
  );
});
