import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Batch, bucketGrid, CommitError, emptyCommitResult } from '@humtemp/bucket-core';
import { Intake } from './intake.js';

const GRID = bucketGrid(0, { durationS: 86_400, retention: 2 }, []);

/** Labs that begin with `x` lie in a lane that fails until it is mended; or that does not answer at all. */
function openIntake(pendingMax = 100) {
  let isMended = false;
  const committed: string[] = [];
  const store = {
    lanes: { count: 2, of: (lab: string) => (lab.startsWith('x') ? 1 : 0) },
    async commit(batch: Batch) {
      const labs = [...batch.rowsByLab.keys()];
      if (!isMended && labs.some((lab) => lab.startsWith('x')))
        throw new CommitError('out of reach', emptyCommitResult(), batch, { cause: undefined });
      committed.push(...labs);
      return { ...emptyCommitResult(), committed: batch.observations };
    },
  };
  const intake = new Intake({
    store,
    grid: GRID,
    limits: { payloadBytesMax: 1000, arrayLengthMax: 10, pendingMax },
  });
  return { intake, committed, mend: () => (isMended = true) };
}

function receive(intake: Intake, lab: string, payload = '{"temp":20}'): number {
  intake.receive(lab, Buffer.from(payload), 't');
  return intake.receipt;
}

const turns = async () => {
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe('lanes of a store', () => {
  test('settle apart: one that is out of reach holds up nothing else', async () => {
    const { intake, committed, mend } = openIntake();
    const first = receive(intake, 'x1');
    await turns();
    const others = [receive(intake, 'a'), receive(intake, 'b', 'not json')];
    receive(intake, 'x2');
    await intake.whenSettled(receive(intake, 'c'));
    assert.deepEqual(committed, ['a', 'c']);
    for (const receipt of others) assert.equal(intake.isSettled(receipt), true);
    assert.equal(intake.isSettled(first), false);
    assert.equal(intake.ledger.inFlight, 2);
    let isAllSettled = false;
    intake.afterSettled(() => {
      isAllSettled = true;
    });
    await turns();
    assert.equal(isAllSettled, false);
    mend();
    await intake.whenSettled();
    assert.equal(intake.isSettled(first), true);
    assert.equal(isAllSettled, true);
    assert.deepEqual([...committed].sort(), ['a', 'c', 'x1', 'x2']);
    assert.equal(intake.ledger.inFlight, 0);
  });

  test('a publish of several lanes settles with the last of them', async () => {
    const { intake, mend } = openIntake();
    const source = {
      name: 's',
      filters: [],
      match: () => undefined,
      decode: (
        _: unknown,
        __: unknown,
        into: { observation: (...all: [string, undefined, number, number, string]) => boolean },
      ) => {
        into.observation('a', undefined, 20_000, 1, '');
        into.observation('x', undefined, 20_000, 1, '');
      },
    };
    const payload = { length: 1, toBuffer: () => Buffer.alloc(1), excerpt: '' };
    intake.take(source as never, undefined, { topic: 't', payload: payload as never, isReplayed: false });
    const { receipt } = intake;
    await turns();
    assert.equal(intake.isSettled(receipt), false);
    mend();
    await intake.whenSettled(receipt);
    assert.equal(intake.isSettled(receipt), true);
  });

  test('each has its share of what may be pending', async () => {
    const { intake, mend } = openIntake(4);
    receive(intake, 'x1');
    const lost = receive(intake, 'x2');
    const good = receive(intake, 'a');
    await intake.whenSettled(good);
    assert.equal(intake.isFullFor(lost), true);
    assert.equal(intake.isFullFor(good), false);
    assert.equal(intake.isFullFor(undefined), false);
    mend();
    await intake.whenSettled();
    assert.equal(intake.isFullFor(lost), false);
  });
});
