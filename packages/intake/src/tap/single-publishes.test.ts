import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Batch, bucketGrid, emptyCommitResult } from '@humtemp/bucket-core';
import { Intake } from '../counting/intake.js';
import { LabsSource } from '../counting/labs-source.js';
import { SourceTable } from '../topics/source-table.js';
import { TopicFilters } from '../topics/topic-filters.js';
import { ackedIds, frame, observation, turns } from './publish-tap.fixture.js';
import { SinglePublishes } from './single-publishes.js';
import type { TapPolicy, TapTurns } from './tap-policy.js';
import type { PieceTaker } from './tap-transport.js';

/** A commit of labs that begin with x is held back until the next `release()`. */
function twoLanes() {
  const held: (() => void)[] = [];
  const isHeld = (batch: Batch) => [...batch.rowsByLab.keys()].some((lab) => lab.startsWith('x'));
  const intake = new Intake({
    store: {
      lanes: { count: 2, of: (lab) => (lab.startsWith('x') ? 1 : 0) },
      commit: async (batch: Batch) => {
        if (isHeld(batch)) await new Promise<void>((resolve) => held.push(resolve));
        return { ...emptyCommitResult(), committed: batch.observations };
      },
    },
    grid: bucketGrid(0, { durationS: 86_400, retention: 2 }, []),
    limits: { payloadBytesMax: 500, arrayLengthMax: 10, pendingMax: 100_000 },
  });
  const sources = new SourceTable([new LabsSource(new TopicFilters(['labs/+/observation']))]);
  const options = { protocolVersion: 4, sources, intake, frameBytesMax: 1000, takeRetained: true } as const;
  const reading = { receivedMs: Date.now() } as TapTurns;
  const written: { port: object; id: number }[] = [];
  const singles = new SinglePublishes(
    options,
    reading,
    (port, bytes) => {
      written.push({ port, id: ackedIds(bytes)[0]! });
      return true;
    },
    { policy: undefined, clock: { servedMs: 0 } },
  );
  return { singles, written, intake, release: () => held.shift()!() };
}

const POLICY = { copies: { wants: () => false, isFull: false } } as unknown as TapPolicy;

/** A connection that is lent. */
function lend(singles: SinglePublishes) {
  let taker: PieceTaker | undefined;
  const port = {};
  const lendable = {
    lend: (to: PieceTaker) => {
      taker = to;
      return port;
    },
    takeBack: () => {
      taker = undefined;
    },
  };
  const told = { count: 0 };
  const lender = {
    takeBack: () => assert.fail('taken back'),
    onSettled: () => {
      told.count += 1;
    },
  };
  const place = singles.borrow(lender, lendable, POLICY, 0);
  return {
    place,
    port,
    told,
    says: (lab: string, id: number) => taker!.takes(place, frame(observation(id, lab))),
  };
}

test('a connection gets no PUBACK for what the one before it in its place had sent', async () => {
  const { singles, written, intake, release } = twoLanes();
  const [leaves, goesOn] = [lend(singles), lend(singles)];
  assert.equal(leaves.says('x', 1), true);
  assert.equal(goesOn.says('a', 2), true);
  assert.equal(goesOn.says('a', 3), false, 'one awaits its acknowledgement');
  assert.deepEqual(
    [leaves, goesOn].map(({ place }) => singles.packetIdOf(place)),
    [1, 2],
  );
  await turns();
  assert.deepEqual(written.splice(0), [{ port: goesOn.port, id: 2 }]);
  singles.giveBack(leaves.place);
  const comes = lend(singles);
  assert.notEqual(comes.place, leaves.place);
  comes.says('x', 4);
  // The batch of the one that has left, whose lender hears of it; then that of the other.
  release();
  await turns();
  assert.deepEqual([written, leaves.told.count, intake.ledger.inFlight], [[], 1, 1]);
  release();
  await turns();
  assert.deepEqual(written, [{ port: comes.port, id: 4 }]);
  assert.equal(lend(singles).place, leaves.place);
  assert.deepEqual([leaves.told.count, comes.told.count, goesOn.told.count], [1, 0, 0]);
});

test('there is a place for each of thousands, and none is lost', async () => {
  const { singles, written } = twoLanes();
  for (let round = 1; round <= 3; round++) {
    const connections = Array.from({ length: 1000 }, (_, i) => {
      const connection = lend(singles);
      connection.says('a', i + 1);
      return connection;
    });
    await turns();
    assert.deepEqual(
      written.splice(0),
      connections.map(({ port }, i) => ({ port, id: i + 1 })),
    );
    for (const { place } of connections) singles.giveBack(place);
    assert.equal(singles.size, 0);
  }
});
