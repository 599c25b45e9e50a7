import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import {
  ABSENT,
  type Batch,
  type BucketStore,
  bucketGrid,
  CommitError,
  type CommitResult,
  emptyCommitResult,
  imbalance,
  type RejectionReason,
} from '@humtemp/bucket-core';
import { EmbeddedStore } from '@humtemp/bucket-core/embedded';
import type { ObservationSink, PublishSource } from '../topics/publish-source.js';
import { Intake, type IntakeOptions } from './intake.js';
import { PayloadSlice } from './payload-slice.js';

const grid = bucketGrid(0, { durationS: 86_400, retention: 2 }, [{ durationS: 300, retention: 288 }]);
const folder = mkdtempSync(join(tmpdir(), 'humtemp-intake-'));
const stores: EmbeddedStore[] = [];
let serial = 0;

async function openStore(): Promise<EmbeddedStore> {
  const store = await EmbeddedStore.open({
    grid,
    deduplicationHorizonS: 172_800,
    labsMax: 100,
    rejectionsMax: 100,
    dataDir: join(folder, `${serial++}`),
  });
  stores.push(store);
  return store;
}

function openIntake(store: BucketStore, options: Partial<IntakeOptions> = {}): Intake {
  const limits = { payloadBytesMax: 65_536, arrayLengthMax: 5, pendingMax: 10 };
  return new Intake({ store, grid, limits, ...options });
}

/** A store whose commits can be held back and made to fail, in front of a real one. */
class Hurdle {
  commits: Batch[] = [];
  failures: ((batch: Batch) => Error)[] = [];
  #held: (() => void)[] | undefined;

  constructor(readonly store: EmbeddedStore) {}

  hold(): void {
    this.#held = [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const go of held) go();
  }

  get asStore(): BucketStore {
    const commit = async (batch: Batch, nowMs: number): Promise<CommitResult> => {
      this.commits.push(batch);
      if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held!.push(resolve));
      const failure = this.failures.shift();
      if (failure !== undefined) throw failure(batch);
      return this.store.commit(batch, nowMs);
    };
    return new Proxy(this.store, {
      get: (target, key) => (key === 'commit' ? commit : Reflect.get(target, key, target)),
    });
  }
}

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});
after(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value));
const publishOf = (topic: string) => ({ topic, payload: PayloadSlice.of(bytes('x')), isReplayed: false });

function source(name: string, decode: PublishSource['decode']): PublishSource {
  return { name, filters: [], match: () => undefined, decode };
}

/** In the middle of a bucket of a day. */
const NOON_MS = Date.UTC(2026, 8, 22, 12);
const nowS = () => Math.floor(Date.now() / 1000);

describe('intake', () => {
  test('what is settled is in the store', async () => {
    const store = await openStore();
    const intake = openIntake(store, { clock: () => NOON_MS });
    assert.equal(intake.receive('lab', bytes({ temp: 22.08, humidity: 51.53 }), 't'), undefined);
    assert.equal(intake.ledger.counters().in_flight, 1);
    await intake.whenSettled();
    const [latest] = await store.latest(['lab'], NOON_MS);
    assert.equal(latest?.aggregate.temp.sum, 22_080);
    assert.deepEqual(intake.ledger.counters(), {
      received: 1,
      committed: 1,
      duplicate: 0,
      rejected: {},
      in_flight: 0,
    });
  });

  test('the lag is that of the newest observation of the last batch, and none after a silent minute', async () => {
    let nowMs = Date.now();
    const intake = openIntake(await openStore(), { clock: () => nowMs });
    const receive = async (...agesS: number[]) => {
      for (const ageS of agesS)
        intake.receive('lab', bytes({ timestamp: nowMs / 1000 - ageS, temp: 20 }), 't');
      await intake.whenSettled();
      return Math.round(intake.lagMs / 1000);
    };
    assert.equal(intake.lagMs, 0);
    assert.equal(await receive(3000, 600, 1200), 600);
    assert.equal(await receive(5), 5);
    intake.receive('lab', bytes('x'), 't');
    await intake.whenSettled();
    assert.equal(Math.round(intake.lagMs / 1000), 5);
    nowMs += 61_000;
    assert.equal(intake.lagMs, 0);
  });

  test('an array is one publish of several observations', async () => {
    const intake = openIntake(await openStore());
    const timestamp = nowS();
    const array = [
      { timestamp, temp: 1 },
      { timestamp, temp: 2 },
      { timestamp, temp: 1 },
      { timestamp, temp: 'x' },
    ];
    assert.equal(intake.receive('lab', bytes(array), 't'), 'temp');
    await intake.whenSettled();
    const { received, committed, duplicate, rejected } = intake.ledger.counters();
    assert.deepEqual(
      { received, committed, duplicate, rejected },
      { received: 4, committed: 2, duplicate: 1, rejected: { temp: 1 } },
    );
  });

  test('without a timestamp, equal observations both count', async () => {
    const intake = openIntake(await openStore(), { clock: () => 1_790_000_000_000 });
    for (let i = 0; i < 2; i++) intake.receive('lab', bytes({ temp: 20 }), 't');
    await intake.whenSettled();
    assert.equal(intake.ledger.counters().committed, 2);
  });

  test('the last observation of an array without timestamps is the latest, not the largest', async () => {
    const store = await openStore();
    const intake = openIntake(store, { clock: () => NOON_MS });
    intake.receive('lab', bytes([{ temp: 20 }, { temp: 25 }, { temp: 22 }]), 't');
    await intake.whenSettled();
    const [newest] = await store.latest(['lab'], NOON_MS);
    assert.deepEqual([newest!.aggregate.temp.last, newest!.aggregate.temp.lastMs], [22_000, NOON_MS + 2]);
  });

  test('every kind of bad payload is a counted rejection, and the next good one counts', async () => {
    const store = await openStore();
    const intake = openIntake(store);
    const gzip = Buffer.from([0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3]);
    const cases: [Buffer, RejectionReason, lab?: string][] = [
      [Buffer.alloc(0), 'not_json'],
      [Buffer.from([0x7b]), 'not_json'],
      [Buffer.alloc(65_537, 0x20), 'payload_too_large'],
      [Buffer.alloc(1 << 20, 0x41), 'payload_too_large'],
      [Buffer.from([0xff]), 'not_utf8'],
      [Buffer.from([0xc0, 0xaf]), 'not_utf8'],
      [
        Buffer.concat([bytes('{"temp":20,"sensor":"'), Buffer.from([0xed, 0xa0, 0x80]), bytes('"}')]),
        'not_utf8',
      ],
      [Buffer.from([0xef, 0xbb, 0xbf]), 'not_json'],
      [Buffer.from([0, 0]), 'not_json'],
      [bytes('{"temp":20,"sensor":"a\u0000b"}'), 'not_json'],
      [gzip, 'not_utf8'],
      [Buffer.from(JSON.stringify({ temp: 20 }), 'utf16le'), 'not_json'],
      [bytes('{"temp":20} x'), 'not_json'],
      [bytes('{"temp":20}{"temp":20}'), 'not_json'],
      [bytes('null'), 'not_an_object'],
      [bytes('"x"'), 'not_an_object'],
      [bytes('1'), 'not_an_object'],
      [bytes('true'), 'not_an_object'],
      [bytes('[]'), 'array_empty'],
      [bytes([[{ temp: 20 }]]), 'not_an_object'],
      [bytes(new Array(6).fill({ temp: 20 })), 'array_too_long'],
      [bytes('{}'), 'no_value'],
      [bytes('{"__proto__":{"temp":20}}'), 'no_value'],
      [bytes('{"temp":20,"temp":"x"}'), 'temp'],
      [bytes('{"temp":1e400}'), 'temp'],
      [bytes('{"temp":"23,5"}'), 'temp'],
      [bytes('{"humidity":100.1}'), 'humidity'],
      [bytes('{"temp":20,"timestamp":1e21}'), 'timestamp'],
      [bytes('{"temp":20,"timestamp":0}'), 'expired'],
      [bytes({ temp: 20, timestamp: nowS() + 90 }), 'future'],
      [bytes({ temp: 20, lab_id: 'other' }), 'lab_id_mismatch'],
      [bytes({ temp: 20, lab_id: 7 }), 'lab_id_mismatch'],
      [bytes({ temp: 20, sensor: 'x'.repeat(51) }), 'sensor'],
      [bytes({ temp: 20 }), 'lab_id', ''],
      [bytes({ temp: 20 }), 'lab_id', 'x'.repeat(201)],
      [bytes({ temp: 20 }), 'lab_id', '{a}'],
      [bytes({ temp: 20 }), 'lab_id', '.'],
      [bytes({ temp: 20 }), 'lab_id', '..'],
      [bytes({ temp: 20 }), 'lab_id', '\u202e'],
      [bytes(`[${'['.repeat(30_000)}`), 'not_json'],
    ];
    for (const [payload, reason, lab = 'lab'] of cases)
      assert.equal(intake.receive(lab, payload, 'topic'), reason, payload.toString('latin1', 0, 60));
    assert.equal(intake.receive('lab', bytes({ temp: 20, lab_id: 'lab' }), 'topic'), undefined);
    assert.equal(
      intake.receive('lab', bytes(`{"x":${'['.repeat(100)}${']'.repeat(100)},"temp":20}`), 't'),
      undefined,
    );
    await intake.whenSettled();

    const counters = intake.ledger.counters();
    assert.equal(counters.received, cases.length + 2);
    assert.equal(counters.committed, 2);
    assert.equal(imbalance(counters), 0);
    for (const reason of new Set(cases.map(([, one]) => one)))
      assert.equal(counters.rejected[reason], cases.filter(([, one]) => one === reason).length, reason);
    const listed = await store.rejections(100);
    assert.equal(listed.length, cases.length);
    assert.ok(listed.every((rejection) => rejection.source === 'topic' && rejection.excerpt.length <= 200));
  });

  test('a replayed publish counts only with a timestamp; without one it is counted as retained, and not listed', async () => {
    const store = await openStore();
    const intake = openIntake(store);
    assert.equal(intake.receive('lab', bytes({ temp: 20 }), 't', { isReplayed: true }), 'retained');
    assert.equal(
      intake.receive('lab', bytes({ temp: 20, timestamp: nowS() }), 't', { isReplayed: true }),
      undefined,
    );
    await intake.whenSettled();
    assert.equal(imbalance(intake.ledger.counters()), 0);
    assert.equal(intake.ledger.counters().rejected.retained, 1);
    assert.deepEqual(await store.rejections(10), []);
  });

  test('a byte order mark, trailing NULs, and bytes that are no UTF-8 where nobody reads do no harm', async () => {
    const intake = openIntake(await openStore());
    const latin1 = (text: string) => Buffer.from(text, 'latin1');
    const payloads = [
      Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes({ temp: 20 })]),
      bytes('{"temp":20}\0'),
      bytes('\ufeff{"temp":20}\0\0'),
      bytes('[{"temp":20}]\0'),
      latin1('{"temp":20,"unit":"\u00b0C"}'),
    ];
    for (const payload of payloads)
      assert.equal(intake.receive('lab', payload, 't'), undefined, payload.toString('latin1'));
    await intake.whenSettled();
    assert.equal(intake.ledger.counters().committed, payloads.length);
  });

  test('bytes that are no UTF-8 in what is read are rejected, and shown in the excerpt', async () => {
    const store = await openStore();
    const intake = openIntake(store);
    const payload = Buffer.from('{"temp":20,"sensor":"\u00b0"}', 'latin1');
    assert.equal(intake.receive('lab', payload, 't'), 'not_utf8');
    await intake.whenSettled();
    assert.equal((await store.rejections(1))[0]?.excerpt, '{"temp":20,"sensor":"\\xB0"}');
  });

  test('a metric that is wrong is a rejection of its own, and the other one counts', async () => {
    const store = await openStore();
    const intake = openIntake(store, { clock: () => NOON_MS });
    assert.equal(intake.receive('lab', bytes({ temp: 21.5, humidity: 100.4 }), 'topic'), undefined);
    const array = [{ temp: -300, humidity: 48 }, { temp: 20 }];
    assert.equal(intake.receive('lab', bytes(array), 'topic'), undefined);
    await intake.whenSettled();
    const counters = intake.ledger.counters();
    assert.deepEqual([counters.received, counters.committed, imbalance(counters)], [3, 3, 0]);
    assert.deepEqual(counters.rejected, {});
    assert.deepEqual(counters.metrics_rejected, { humidity: 1, temp: 1 });
    const [latest] = await store.latest(['lab'], NOON_MS);
    assert.deepEqual([latest?.aggregate.temp.count, latest?.aggregate.humidity.count], [2, 1]);
    const listed = (await store.rejections(10)).map(({ reason }) => reason);
    assert.deepEqual(listed.toSorted(), ['humidity', 'temp']);
  });

  test('who gets an answer gets all of an observation counted, or nothing of it', async () => {
    const intake = openIntake(await openStore());
    const payload = bytes({ temp: 21.5, humidity: 100.4 });
    assert.equal(intake.receive('lab', payload, 'route', { mustBeWhole: true }), 'humidity');
    await intake.whenSettled();
    assert.deepEqual(intake.ledger.counters().rejected, { humidity: 1 });
  });

  test('how far ahead of the clock a timestamp may be is a limit', async () => {
    const limits = { payloadBytesMax: 1000, arrayLengthMax: 5, pendingMax: 10, futureMsMax: 300_000 };
    const intake = openIntake(await openStore(), { limits });
    assert.equal(intake.receive('lab', bytes({ temp: 20, timestamp: nowS() + 290 }), 't'), undefined);
    assert.equal(intake.receive('lab', bytes({ temp: 20, timestamp: nowS() + 310 }), 't'), 'future');
    await intake.whenSettled();
    assert.equal(intake.tallies.get('http')?.rejected.get('future')?.count, 1);
  });

  test('a rejection is noted once for each source, reason and minute, with how many there were', async () => {
    let nowMs = Date.now();
    const notes: unknown[] = [];
    const intake = openIntake(await openStore(), {
      clock: () => nowMs,
      onRejected: ({ source, reason, isMetric, count, topic }) =>
        notes.push([source, reason, isMetric, count, topic]),
    });
    for (let i = 0; i < 5; i++) intake.receive('lab', bytes('x'), `t${i}`);
    intake.receive('lab', bytes({ temp: 'x' }), 't');
    intake.receive('lab', bytes({ temp: 'x', humidity: 1 }), 't');
    intake.take(
      source('other', (_match, _publish, into) => into.reject('temp')),
      undefined,
      publishOf('o'),
    );
    assert.deepEqual(notes.splice(0), [
      ['http', 'not_json', false, 1, 't0'],
      ['http', 'temp', false, 1, 't'],
      ['http', 'temp', true, 1, 't'],
      ['other', 'temp', false, 1, 'o'],
    ]);
    nowMs += 59_000;
    intake.receive('lab', bytes('x'), 't5');
    assert.deepEqual(notes.splice(0), []);
    nowMs += 1000;
    intake.receive('lab', bytes('x'), 't6');
    assert.deepEqual(notes.splice(0), [['http', 'not_json', false, 6, 't6']]);
    await intake.whenSettled();
  });

  test('publishes on topics of no source are counted, and each pattern of topics is noted once', async () => {
    const notes: unknown[] = [];
    const intake = openIntake(await openStore(), { onUnmatched: (note) => notes.push(note) });
    for (const topic of ['lab/a/observation', 'lab/b', 'hall', 'hall', 'lab']) intake.unmatched.add(topic);
    assert.deepEqual(notes, [
      { pattern: 'lab/#', topic: 'lab/a/observation' },
      { pattern: 'hall', topic: 'hall' },
      { pattern: 'lab', topic: 'lab' },
    ]);
    for (let i = 0; i < 1000; i++) intake.unmatched.add(`random-${i}`);
    assert.equal(notes.length, 100);
    assert.equal(intake.unmatched.publishes, 1005);
  });

  test('what the store refuses is noted too', async () => {
    const notes: unknown[] = [];
    const store = {
      commit: async () => ({ ...emptyCommitResult(), tooManyLabs: 2, refusedLabs: new Set(['new']) }),
    };
    const intake = openIntake(store as unknown as BucketStore, {
      onRejected: ({ source, reason, count, topic }) => notes.push([source, reason, count, topic]),
    });
    for (let i = 0; i < 2; i++) intake.receive('new', bytes({ temp: i }), 't');
    assert.deepEqual([...(await intake.whenSettled())], ['new']);
    assert.deepEqual(notes, [['store', 'too_many_labs', 2, 'new']]);
  });

  test('what a source does not want is ignored, and what it says nothing of is rejected', async () => {
    const intake = openIntake(await openStore());
    const ignoring = source('ignoring', (_match, _publish, into) => into.ignore());
    assert.equal(intake.take(ignoring, undefined, publishOf('t')), undefined);
    const silent = source('silent', () => {});
    assert.equal(intake.take(silent, undefined, publishOf('t')), 'no_value');
    await intake.whenSettled();
    const { received, ignored, rejected } = intake.ledger.counters();
    assert.deepEqual({ received, ignored, rejected }, { received: 1, ignored: 1, rejected: { no_value: 1 } });
    assert.equal(intake.tallies.get('ignoring')?.ignored.example?.excerpt, 'x');
  });

  test('an observation of a source is checked, whatever the source says', async () => {
    const intake = openIntake(await openStore());
    const cases: [Parameters<ObservationSink['observation']>, RejectionReason | undefined][] = [
      [['a b', undefined, 1000, 1000, ''], 'lab_id'],
      [['lab', undefined, ABSENT, ABSENT, ''], 'no_value'],
      [['lab', undefined, 200_001, ABSENT, ''], 'temp'],
      [['lab', undefined, -273_151, ABSENT, ''], 'temp'],
      [['lab', undefined, Number.NaN, ABSENT, ''], 'temp'],
      [['lab', undefined, ABSENT, 100_001, ''], 'humidity'],
      [['lab', 0, 1000, ABSENT, ''], 'expired'],
      [['secret', undefined, 1000, ABSENT, ''], 'not_authorized'],
      [['lab', undefined, 1000, ABSENT, 's'], undefined],
    ];
    for (const [observation, reason] of cases) {
      const wild = source('wild', (_match, _publish, into) => void into.observation(...observation));
      const publish = { ...publishOf('t'), mayCount: (lab: string) => lab !== 'secret' };
      assert.equal(intake.take(wild, undefined, publish), reason, observation.join());
    }
    await intake.whenSettled();
    assert.equal(intake.ledger.counters().committed, 1);
  });

  test('the receipt of the oldest observation that awaits its commit is known, and none when idle', async () => {
    let nowMs = Date.now();
    const startMs = nowMs;
    const hurdle = new Hurdle(await openStore());
    const intake = openIntake(hurdle.asStore, { clock: () => nowMs });
    assert.equal(intake.oldestUncommittedMs, undefined);
    hurdle.hold();
    intake.receive('lab', bytes('x'), 't');
    assert.equal(intake.oldestUncommittedMs, undefined, 'a rejection is none');
    intake.receive('lab', bytes({ temp: 1 }), 't');
    assert.equal(intake.oldestUncommittedMs, startMs);
    await new Promise(setImmediate);
    nowMs += 5000;
    intake.receive('lab', bytes({ temp: 2 }), 't');
    assert.equal(intake.oldestUncommittedMs, startMs, 'it is being committed');
    hurdle.release();
    await intake.whenSettled();
    assert.equal(intake.oldestUncommittedMs, undefined);
  });

  test('a clock that is wrong, or jumps at a bucket edge, moves no observation to another bucket', async () => {
    const edgeMs = Math.floor(Date.now() / 300_000) * 300_000;
    const rows = [edgeMs - 300_001, edgeMs - 1, edgeMs, edgeMs + 1];
    let offMs = 0;
    const store = await openStore();
    const intake = openIntake(store, { clock: () => edgeMs + offMs });
    for (const offset of [-1, 0, 1, 2 * 3_600_000, -1, 30_000])
      for (const timestampMs of rows) {
        offMs = offset;
        intake.receive('lab', bytes({ timestamp: timestampMs / 1000, temp: 20 }), 't');
      }
    await intake.whenSettled();
    const series = await store.series(
      'lab',
      grid.resolutions[1]!,
      edgeMs / 1000 - 900,
      edgeMs / 1000 + 300,
      edgeMs,
    );
    assert.deepEqual(
      series.map(({ startS, aggregate }) => [startS - edgeMs / 1000, aggregate.observations]),
      [
        [-600, 1],
        [-300, 1],
        [0, 2],
      ],
    );
    // Two hours behind, everything seems to lie ahead; once the clock is right, it is taken again.
    offMs = -2 * 3_600_000;
    assert.equal(intake.receive('lab', bytes({ timestamp: edgeMs / 1000, temp: 21 }), 't'), 'future');
    offMs = 0;
    assert.equal(intake.receive('lab', bytes({ timestamp: edgeMs / 1000, temp: 21 }), 't'), undefined);
    await intake.whenSettled();
    assert.equal(imbalance(intake.ledger.counters()), 0);
  });

  test('what comes while a commit is in flight is committed together, after it', async () => {
    const hurdle = new Hurdle(await openStore());
    const intake = openIntake(hurdle.asStore);
    hurdle.hold();
    const settled: string[] = [];
    const take = (name: string) => {
      intake.receive(name, bytes({ temp: 20 }), 't');
      intake.afterSettled(() => settled.push(name));
    };
    take('a');
    await new Promise(setImmediate);
    for (const name of ['b', 'c', 'd']) take(name);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(settled, [], 'nothing settles before its commit');
    assert.equal(hurdle.commits.length, 1);
    hurdle.release();
    await intake.whenSettled();
    assert.deepEqual(settled, ['a', 'b', 'c', 'd']);
    assert.deepEqual(
      hurdle.commits.map((batch) => [...batch.rowsByLab.keys()]),
      [['a'], ['b', 'c', 'd']],
    );
  });

  test('a failed commit is repeated until it succeeds, and only what remained of it', async () => {
    const hurdle = new Hurdle(await openStore());
    const failed: number[] = [];
    let recovered = 0;
    const intake = openIntake(hurdle.asStore, {
      onFailure: (_error, attempt) => failed.push(attempt),
      onRecovery: (attempts) => {
        recovered = attempts;
      },
    });
    hurdle.failures = [
      (batch) => new CommitError('away', emptyCommitResult(), batch, { cause: undefined }),
      (batch) =>
        new CommitError('half', { ...emptyCommitResult(), duplicate: 1 }, keepOnly(batch, 'b'), {
          cause: undefined,
        }),
    ];
    intake.receive('a', bytes({ temp: 20 }), 't');
    intake.receive('b', bytes({ temp: 20 }), 't');
    await intake.whenSettled();
    assert.deepEqual(failed, [1, 2]);
    assert.equal(recovered, 2);
    assert.deepEqual(
      hurdle.commits.map((batch) => batch.observations),
      [2, 2, 1],
    );
    const counters = intake.ledger.counters();
    assert.deepEqual([counters.committed, counters.duplicate, imbalance(counters)], [1, 1, 0]);
  });

  test('the limit of observations in flight is seen and lifted', async () => {
    const hurdle = new Hurdle(await openStore());
    const intake = openIntake(hurdle.asStore);
    hurdle.hold();
    for (let i = 0; i < 10; i++) intake.receive('lab', bytes({ temp: i }), 't');
    assert.equal(intake.isFull, true);
    await new Promise((resolve) => setTimeout(resolve, 5));
    hurdle.release();
    await intake.whenSettled();
    assert.equal(intake.isFull, false);
  });

  test('stopping gives up on a store that stays away, and settles nothing', async () => {
    const hurdle = new Hurdle(await openStore());
    const intake = openIntake(hurdle.asStore);
    hurdle.failures = new Array(100).fill(
      (batch: Batch) => new CommitError('away', emptyCommitResult(), batch, { cause: undefined }),
    );
    let settled = false;
    intake.receive('lab', bytes({ temp: 20 }), 't');
    intake.afterSettled(() => {
      settled = true;
    });
    await intake.stop(30);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(settled, false);
    assert.ok(intake.oldestUncommittedMs !== undefined);
    const counters = intake.ledger.counters();
    assert.deepEqual([counters.in_flight, imbalance(counters)], [1, 0]);
  });

  test('a commit that fails while stopping is a failed one, and is reported', async () => {
    const hurdle = new Hurdle(await openStore());
    const failed: (number | undefined)[] = [];
    const intake = openIntake(hurdle.asStore, {
      onFailure: (_error, _attempt, delayMs) => failed.push(delayMs),
    });
    hurdle.hold();
    hurdle.failures = [(batch) => new CommitError('away', emptyCommitResult(), batch, { cause: undefined })];
    intake.receive('lab', bytes({ temp: 20 }), 't');
    await intake.stop(10);
    hurdle.release();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(failed, [undefined]);
    const { succeeded, failed: failures, seconds, observations } = intake.commits;
    assert.deepEqual([succeeded, failures], [0, 1]);
    const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count);
    assert.deepEqual([sum(seconds.counts), sum(observations.counts)], [1, 0]);
    assert.equal(intake.ledger.counters().in_flight, 1);
  });
});

function keepOnly(batch: Batch, lab: string): Batch {
  batch.rowsByLab.delete('a');
  const rest = Object.create(batch, { observations: { value: 1 } }) as Batch;
  assert.ok(rest.rowsByLab.has(lab));
  return rest;
}
