import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LedgerProcess, ledgerDifference, rejectedCount } from './ledger-difference.js';
import { settledLedger } from './ledger-reader.js';

function counters(process: string, committed: number, more: Partial<LedgerProcess> = {}): LedgerProcess {
  const { duplicate = 0, rejected = {}, in_flight = 0 } = more;
  const rejections = Object.values(rejected).reduce((sum, count) => sum + count, 0);
  const received = committed + duplicate + rejections + in_flight;
  return { process, received, committed, duplicate, rejected, in_flight };
}

test('counters are compared process by process', () => {
  const before = [counters('a', 10, { duplicate: 1, rejected: { temp: 2 } }), counters('b', 5)];
  const after = [
    counters('a', 15, { duplicate: 2, rejected: { temp: 2, expired: 3 } }),
    counters('b', 5, { in_flight: 4 }),
  ];
  const difference = ledgerDifference(before, after);
  assert.deepEqual(difference, {
    received: 13,
    committed: 5,
    duplicate: 1,
    rejected: { expired: 3 },
    inFlight: 4,
  });
  assert.equal(rejectedCount(difference), 3);
});

test('a new process counts from 0, one that is gone is left out', () => {
  const { committed } = ledgerDifference([counters('old', 100)], [counters('new', 7)]);
  assert.equal(committed, 7);
});

/** Answers with one reading after the other, the last one for ever. */
function readings(...answers: (LedgerProcess | Error)[]): () => Promise<LedgerProcess[]> {
  return async () => {
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (answer instanceof Error) throw answer;
    return [answer];
  };
}

test('the ledger has settled once all that was sent has arrived and nothing is in flight', async () => {
  const read = readings(
    counters('a', 3),
    new Error('busy'),
    counters('a', 6, { in_flight: 4 }),
    counters('a', 9, { duplicate: 1 }),
  );
  const expected = { received: 10, exact: true, waitMsMax: 5000 };
  const { committed, duplicate } = await settledLedger(read, [], expected);
  assert.deepEqual([committed, duplicate], [9, 1]);
});

test('where more may come than was expected, it waits until the counters stand still', async () => {
  const read = readings(counters('a', 10), counters('a', 10), counters('a', 10, { duplicate: 2 }));
  const expected = { received: 10, exact: false, waitMsMax: 5000 };
  assert.equal((await settledLedger(read, [], expected)).duplicate, 2);
});

test('it does not wait for ever', async () => {
  const expected = { received: 10, exact: true, waitMsMax: 300 };
  assert.equal((await settledLedger(readings(counters('a', 3)), [], expected)).committed, 3);
  await assert.rejects(settledLedger(readings(new Error('gone')), [], expected), { message: 'gone' });
});
