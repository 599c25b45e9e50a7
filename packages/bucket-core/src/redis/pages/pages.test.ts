import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Aggregate, addObservation, emptyAggregate, mergeAggregate } from '../../aggregate/aggregate.js';
import { ABSENT } from '../../observation/fixed-point.js';
import { aggregateEntry, aggregateOfSlot, eachAggregate, withMergedSlots } from './aggregate-page.js';
import { ByteReader } from './byte-reader.js';
import { ByteWriter } from './byte-writer.js';
import {
  aggregateAt,
  bucketOfBase,
  bucketsOfBase,
  emptyBase,
  type HeadBucket,
  newestMs,
  packBase,
  parseHead,
} from './head.js';
import { bucketsOfSums, readRawPage, rowBlocks, sumsBlocks, withMergedSums } from './raw-page.js';
import { Rows } from './rows.js';
import { salvagedHead } from './salvage.js';
import { getAggregate, putAggregate } from './small-aggregate.js';
import { humidityAt, msAt, putRow, ROW_BYTES, tagAt, tempAt } from './tail-row.js';
import { addTail } from './tail-sum.js';
import { UnreadableValue } from './unreadable-value.js';

type Row = readonly [ms: number, tag: number, temp: number, humidity: number];

const START_S = 1_790_000_000 - (1_790_000_000 % 21_600);
const temps = fc.oneof(fc.integer({ min: -273_150, max: 200_000 }), fc.integer({ min: 20_000, max: 20_100 }));
const rowArbitrary: fc.Arbitrary<Row> = fc
  .tuple(
    fc.oneof(
      fc.integer({ min: 0, max: 21_599_999 }),
      fc.integer({ min: 0, max: 21_599 }).map((s) => s * 1000),
    ),
    fc.oneof(fc.constantFrom(0, 0, 7, 2 ** 39), fc.integer({ min: 0, max: 2 ** 40 - 1 })),
    fc.option(temps, { nil: ABSENT }),
    fc.integer({ min: 0, max: 100_000 }),
  )
  .map(([ms, tag, temp, humidity]) => [START_S * 1000 + ms, tag, temp, humidity] as const);
const rowsArbitrary = fc.array(rowArbitrary, { minLength: 1, maxLength: 300 });

function rowsOf(list: readonly Row[]): Rows {
  const rows = new Rows();
  for (const row of list) rows.push(...row);
  return rows;
}

function listOf(rows: Rows): Row[] {
  return Array.from({ length: rows.count }, (_, i) => [
    rows.ms[i]!,
    rows.tag[i]!,
    rows.temp[i]!,
    rows.humidity[i]!,
  ]);
}

function aggregateOf(list: readonly Row[], withHistograms: boolean): Aggregate {
  const aggregate = emptyAggregate(withHistograms);
  for (const [ms, , temp, humidity] of list) addObservation(aggregate, ms, temp, humidity);
  return aggregate;
}

const byTime = (a: Row, b: Row) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3];

describe('what is packed in Redis', () => {
  test('a small aggregate comes back to the bit', () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.boolean(), (list, withHistograms) => {
        const aggregate = aggregateOf(list, withHistograms);
        const out = new ByteWriter();
        putAggregate(out, aggregate, START_S);
        assert.deepEqual(getAggregate(new ByteReader().from(out.take(), 0), START_S, true), aggregate);
        const plain = getAggregate(new ByteReader().from(out.take(), 0), START_S, false);
        assert.deepEqual(plain, aggregateOf(list, false));
      }),
    );
  });

  test('an aggregate of very many values comes back to the bit', () => {
    const aggregate = aggregateOf([[START_S * 1000, 0, -200_000, 100_000]], true);
    for (let i = 0; i < 22; i++) mergeAggregate(aggregate, structuredClone(aggregate));
    const out = new ByteWriter();
    putAggregate(out, aggregate, START_S);
    assert.deepEqual(getAggregate(new ByteReader().from(out.take(), 0), START_S, true), aggregate);
  });

  test('rows of a raw page come back, all of them or those of an interval', () => {
    fc.assert(
      fc.property(rowsArbitrary, fc.nat(21_600), fc.nat(21_600), (list, a, b) => {
        const rows = rowsOf(list);
        rows.sort();
        const isBySensor = rows.sortBySensor();
        const page = rowBlocks(rows, 0, rows.count, START_S * 1000, isBySensor);
        const all = new Rows();
        readRawPage(page, START_S * 1000, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, all);
        assert.deepEqual(listOf(all).sort(byTime), [...list].sort(byTime));
        const [fromMs, toMs] = [
          START_S * 1000 + Math.min(a, b) * 1000,
          START_S * 1000 + Math.max(a, b) * 1000,
        ];
        const some = new Rows();
        readRawPage(page, START_S * 1000, fromMs, toMs, some);
        const expected = list.filter(([ms]) => ms >= fromMs && ms < toMs);
        assert.deepEqual(listOf(some).sort(byTime), expected.sort(byTime));
      }),
    );
  });

  test('sums of a raw page come back', () => {
    const aggregate = aggregateOf([[START_S * 1000 + 5, 0, 1, 2]], false);
    const block = sumsBlocks(
      [
        { durationS: 300, startS: START_S, aggregate },
        {
          durationS: 3600,
          startS: START_S - 1800,
          aggregate: aggregateOf([[START_S * 1000 + 5, 0, 1, 2]], true),
        },
      ],
      START_S * 1000 + 5,
      START_S * 1000 + 9,
      START_S * 1000,
    );
    const rows = new Rows();
    const sums = readRawPage(
      Buffer.concat([block, block]),
      START_S * 1000,
      0,
      Number.POSITIVE_INFINITY,
      rows,
    );
    assert.equal(rows.count, 0);
    assert.deepEqual([sums[0]!.firstMs, sums[0]!.lastMs], [START_S * 1000 + 5, START_S * 1000 + 9]);
    const found = [...bucketsOfSums(Buffer.concat([block, block]), sums, START_S * 1000, 300)];
    assert.deepEqual(
      found.map((sum) => sum.startS),
      [START_S, START_S],
    );
    assert.deepEqual(found[0]!.aggregate, aggregate);
  });

  test('sums that are too many for one block come back, and put together they take little room', () => {
    const startMs = START_S * 1000;
    const bins = Array.from({ length: 3000 }, (_, i) => ({
      durationS: 2,
      startS: START_S + 2 * i,
      aggregate: aggregateOf([[startMs + 2000 * i + 5, 0, 1, 2]], false),
    }));
    const block = sumsBlocks(bins, startMs, startMs + 9, startMs);
    const times = 4;
    const row = rowsOf([[startMs + 7, 0, 5, 6]]);
    const page = Buffer.concat([block, rowBlocks(row, 0, 1, startMs), ...Array(times - 1).fill(block)]);
    const merged = withMergedSums(page, startMs);
    assert.ok(merged.length < page.length / 3, `${page.length} to ${merged.length} bytes`);
    const found = new Rows();
    const sums = readRawPage(merged, startMs, 0, Number.POSITIVE_INFINITY, found);
    assert.deepEqual(listOf(found), listOf(row));
    const buckets = [...bucketsOfSums(merged, sums, startMs)];
    assert.equal(buckets.length, bins.length);
    assert.ok(buckets.every(({ aggregate }) => aggregate.temp.count === times));
  });

  test('a page of aggregates that is written anew says the same of each bucket', () => {
    const entries = fc.array(fc.tuple(fc.nat(23), rowsArbitrary), { minLength: 1, maxLength: 6 });
    const startOf = (slot: number) => START_S - slot * 3600;
    fc.assert(
      fc.property(entries, (list) => {
        const page = Buffer.concat(
          list.map(([slot, rows]) => aggregateEntry(slot, aggregateOf(rows, true), startOf(slot))),
        );
        const anew = withMergedSlots(page, startOf);
        for (let slot = 0; slot < 24; slot++)
          assert.deepEqual(
            aggregateOfSlot(anew, slot, startOf(slot), true),
            aggregateOfSlot(page, slot, startOf(slot), true),
          );
        const slots = new Set(list.map(([slot]) => slot));
        let count = 0;
        eachAggregate(
          anew,
          startOf,
          () => true,
          () => (count += 1),
        );
        assert.equal(count, slots.size);
      }),
      { numRuns: 20 },
    );
  });

  test('a slot of an aggregate page that comes twice is merged', () => {
    fc.assert(
      fc.property(rowsArbitrary, rowsArbitrary, fc.nat(23), (one, other, slot) => {
        const entries = [one, other].map((list) => aggregateEntry(slot, aggregateOf(list, true), START_S));
        const page = Buffer.concat(entries);
        const expected = aggregateOf([...one, ...other], true);
        assert.deepEqual(aggregateOfSlot(page, slot, START_S, true), expected);
        assert.equal(aggregateOfSlot(page, (slot + 1) % 24, START_S, true), undefined);
      }),
    );
  });

  test('a head comes back: its buckets, its tail and its newest time', () => {
    fc.assert(
      fc.property(rowsArbitrary, rowsArbitrary, (folded, tail) => {
        const aggregate = aggregateOf(folded, true);
        const bucket: HeadBucket = { startS: START_S, at: 0, bytes: 0, aggregate };
        const watermarkMs = Math.max(...folded.map(([ms]) => ms));
        const base = packBase(7, watermarkMs, [[21_600, [bucket]]]);
        const value = Buffer.concat([base, ...tail.map(packedRow)]);
        const head = parseHead(value);
        assert.deepEqual(head, { baseBytes: base.length, generation: 7, watermarkMs });
        assert.equal(newestMs(value), tail.at(-1)![0]);
        const [held] = bucketsOfBase(value, head).get(21_600)!;
        assert.deepEqual(aggregateAt(value, held!.at, START_S, true), aggregate);
        const found = bucketOfBase(value, head, 21_600, START_S, true) as Aggregate;
        const all = addTail(found, value, head.baseBytes, START_S * 1000, (START_S + 21_600) * 1000, true);
        assert.deepEqual(all, aggregateOf([...folded, ...tail], true));
        // Packed again from packed buckets.
        const again = packBase(8, watermarkMs + 1, bucketsOfBase(value, head), value);
        const [copied] = bucketsOfBase(again, parseHead(again)).get(21_600)!;
        assert.deepEqual(aggregateAt(again, copied!.at, START_S, true), aggregate);
      }),
    );
  });

  test('a row of a tail comes back', () => {
    fc.assert(
      fc.property(rowArbitrary, (row) => {
        const bytes = packedRow(row);
        assert.deepEqual([msAt(bytes, 0), tagAt(bytes, 0), tempAt(bytes, 0), humidityAt(bytes, 0)], row);
      }),
    );
  });
});

describe('damaged values', () => {
  const damage = fc.record({ at: fc.nat(5000), by: fc.integer({ min: 1, max: 255 }), cut: fc.nat(5000) });
  const read = (bytes: Buffer) => {
    parseHead(bytes);
  };
  const damaged = (whole: Buffer, { at, by, cut }: { at: number; by: number; cut: number }) => {
    const bytes = Buffer.from(whole);
    bytes[at % bytes.length]! ^= by;
    return bytes.subarray(0, bytes.length - (cut % 3 === 0 ? cut % bytes.length : 0));
  };

  test('are told from whole ones, and never read as something else', () => {
    fc.assert(
      fc.property(
        rowsArbitrary.map((list) => list.slice(0, 60)),
        damage,
        (list, change) => {
          const rows = rowsOf(list);
          rows.sort();
          const page = rowBlocks(rows, 0, rows.count, START_S * 1000);
          const found = new Rows();
          const bytes = damaged(page, change);
          try {
            readRawPage(bytes, START_S * 1000, 0, Number.POSITIVE_INFINITY, found);
            // Cut between two blocks, in front of the damage: what is left is right.
            const all = listOf(rows);
            for (const row of listOf(found)) assert.ok(all.some((one) => byTime(one, row) === 0));
            assert.ok(found.count < rows.count);
          } catch (error) {
            assert.ok(error instanceof UnreadableValue || error instanceof assert.AssertionError === false);
            assert.ok(error instanceof UnreadableValue, String(error));
          }
          const base = packBase(1, rows.ms[0]!, [
            [3600, [{ startS: START_S, at: 0, bytes: 0, aggregate: aggregateOf(list, true) }]],
          ]);
          const head = damaged(base, change);
          // The generation has no checksum: a fold of another generation is refused anyway.
          if (change.at % base.length < 5 || change.at % base.length > 8 || head.length < base.length)
            assert.throws(() => read(head), UnreadableValue);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('with one byte changed are unreadable, whichever byte and to whatever', () => {
    const list: Row[] = [
      [START_S * 1000 + 7, 0, 21_500, 40_000],
      [START_S * 1000 + 300_007, 0, 21_600, 40_100],
    ];
    const aggregate = aggregateOf(list, true);
    const sums = [{ durationS: 3600, startS: START_S, aggregate }];
    const pages: Record<string, Buffer> = {
      rows: rowBlocks(rowsOf(list), 0, 2, START_S * 1000),
      'a row': rowBlocks(rowsOf(list), 0, 1, START_S * 1000),
      'rows with tags': rowBlocks(
        rowsOf(list.map(([ms, , ...values]) => [ms, 9, ...values])),
        0,
        2,
        START_S * 1000,
      ),
      sums: sumsBlocks(sums, START_S * 1000 + 7, START_S * 1000 + 300_007, START_S * 1000),
      aggregates: Buffer.concat([5, 6].map((slot) => aggregateEntry(slot, aggregate, START_S + slot * 3600))),
    };
    for (const [name, page] of Object.entries(pages)) {
      const readPage = (bytes: Buffer) => {
        if (name === 'aggregates')
          eachAggregate(
            bytes,
            (slot) => START_S + slot * 3600,
            () => true,
            () => {},
          );
        else readRawPage(bytes, START_S * 1000, 0, Number.POSITIVE_INFINITY, new Rows());
      };
      readPage(page);
      for (let at = 0; at < page.length; at++)
        for (let by = 1; by < 256; by++) {
          const bytes = Buffer.from(page);
          bytes[at]! ^= by;
          assert.throws(() => readPage(bytes), UnreadableValue, `${name}: byte ${at} changed by ${by}`);
        }
    }
  });

  test('of an entry that is passed by are noticed, when one bit of its slot or the end of its length is wrong', () => {
    const aggregate = aggregateOf([[START_S * 1000 + 7, 0, 21_500, 40_000]], true);
    const page = Buffer.concat([5, 6].map((slot) => aggregateEntry(slot, aggregate, START_S + slot * 3600)));
    for (const bit of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
      const bytes = Buffer.from(page);
      bytes[bit >>> 3]! ^= 1 << (bit & 7);
      assert.throws(() => aggregateOfSlot(bytes, 6, START_S + 6 * 3600, true), UnreadableValue, `bit ${bit}`);
    }
  });

  test('of any bytes are unreadable, and reading them ends', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (array) => {
        const bytes = Buffer.from(array);
        assert.throws(() => read(bytes), UnreadableValue);
        const everything = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
        assert.throws(() => readRawPage(bytes, 0, ...everything, new Rows()), UnreadableValue);
        assert.throws(
          () =>
            eachAggregate(
              bytes,
              () => 0,
              () => true,
              () => {},
            ),
          UnreadableValue,
        );
      }),
      { numRuns: 500 },
    );
  });

  test('of a head keep the observations that are not folded yet, whatever became of the base', () => {
    const lowMs = START_S * 1000;
    const highMs = lowMs + 86_400_000;
    const inTime = rowsArbitrary.map((list) => list.slice(0, 30));
    fc.assert(
      fc.property(
        inTime,
        fc.uint8Array({ minLength: 19, maxLength: 60 }),
        fc.boolean(),
        (list, garbage, isSound) => {
          const base = isSound ? emptyBase(5) : Buffer.from(garbage);
          if (!isSound) base[0] = 9;
          const value = Buffer.concat([base, ...list.map(packedRow)]);
          const saved = salvagedHead(value, 77, lowMs, highMs, highMs);
          const { baseBytes } = parseHead(saved);
          const found: Row[] = [];
          for (let at = baseBytes; at < saved.length; at += ROW_BYTES)
            if (tempAt(saved, at) !== ABSENT || humidityAt(saved, at) !== ABSENT)
              found.push([msAt(saved, at), tagAt(saved, at), tempAt(saved, at), humidityAt(saved, at)]);
          assert.deepEqual(found, list);
          assert.equal(newestMs(saved), Math.max(...list.map(([ms]) => ms)));
        },
      ),
      { numRuns: 200 },
    );
  });
});

function packedRow([ms, tag, temp, humidity]: Row): Buffer {
  const bytes = Buffer.alloc(ROW_BYTES);
  putRow(bytes, 0, ms, tag, temp, humidity);
  return bytes;
}

test('of a head with a damaged end, the buckets are saved, though an observation before the end has expired', () => {
  const nowMs = START_S * 1000 + 500_000;
  const aggregate = emptyAggregate(false);
  addObservation(aggregate, START_S * 1000, 20_000, 50_000);
  const bucket: HeadBucket = { startS: START_S, at: 0, bytes: 0, aggregate };
  const base = packBase(5, START_S * 1000, [[300, [bucket]]]);
  const tail = Buffer.alloc(2 * ROW_BYTES + 3);
  putRow(tail, 0, nowMs - 7 * 86_400_000, 0, 20_000, 50_000);
  putRow(tail, ROW_BYTES, nowMs, 0, 21_000, 50_000);
  const saved = salvagedHead(Buffer.concat([base, tail]), 77, nowMs - 86_400_000, nowMs + 1000, nowMs);
  const held = bucketOfBase(saved, parseHead(saved), 300, START_S, false);
  assert.equal(typeof held === 'object' && held.observations, 1);
});
