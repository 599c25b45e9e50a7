import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { imbalance } from '@humtemp/bucket-core';
import fc from 'fast-check';
import {
  ackedIds,
  FRAME_BYTES_MAX,
  frame,
  observation,
  openTap,
  publish,
  turns,
} from './publish-tap.fixture.js';

describe('the publish tap', () => {
  test('the publish tap takes observation publishes of QoS 0 and 1, acknowledges QoS 1, and passes everything else unchanged', async () => {
    const { tap, transport, passed, intake, store } = openTap({ takeRetained: false });
    const other = [
      frame({ cmd: 'connack', returnCode: 0, sessionPresent: false }),
      frame(publish('labs/lab/other', 'x')),
      frame(publish('labs/lab/observation', '{"temp":1}', 2, 9)),
      frame(publish('labs/lab/observation', '{"temp":1}', 1, 10, { retain: true })),
      frame({ cmd: 'suback', messageId: 5, granted: [1] }),
      frame({ cmd: 'pingresp' }),
    ];
    transport.feed(
      Buffer.concat([
        other[0]!,
        frame(observation(1, 'a')),
        other[1]!,
        other[2]!,
        frame(observation(2, 'b', 0)),
        frame(publish('labs/c/observation', 'no json', 1, 3)),
        other[3]!,
        other[4]!,
        frame(observation(65_535, 'a')),
        other[5]!,
      ]),
    );
    await intake.whenSettled();
    await turns();
    assert.deepEqual(passed(), Buffer.concat(other));
    assert.deepEqual(ackedIds(transport.written), [1, 3, 65_535]);
    assert.equal(store.observations, 3);
    assert.deepEqual(intake.ledger.counters().rejected, { not_json: 1 });
    tap.destroy();
  });

  for (const protocolVersion of [4, 5] as const)
    test(`the publish tap gives the same however the bytes are split (version ${protocolVersion})`, async () => {
      const properties =
        protocolVersion === 5 ? { properties: { userProperties: { a: 'b'.repeat(150) } } } : {};
      const frames = [
        frame({ cmd: 'pingresp' }, protocolVersion),
        frame(publish('labs/a/observation', '{"temp":1}', 1, 7, properties), protocolVersion),
        frame(
          publish('labs/b/observation', `{"temp":2,"x":"${'y'.repeat(200)}"}`, 0, 0, properties),
          protocolVersion,
        ),
        frame(publish('other', 'z'.repeat(200), 1, 8, properties), protocolVersion),
        frame(publish('labs/a/observation', '{"temp":3}', 1, 9), protocolVersion),
        frame({ cmd: 'suback', messageId: 3, granted: [1, 1] }, protocolVersion),
      ];
      const bytes = Buffer.concat(frames);
      const through = async (pieces: Buffer[]) => {
        const { tap, transport, passed, intake, store } = openTap({ protocolVersion });
        for (const piece of pieces) {
          transport.feed(piece);
          await new Promise(setImmediate);
        }
        await intake.whenSettled();
        await turns();
        const rows = store.batches.flatMap((batch) =>
          [...batch.rowsByLab].flatMap(([lab, values]) => [lab, values[2]]),
        );
        tap.destroy();
        return { passed: passed(), written: transport.written, rows };
      };
      const whole = await through([bytes]);
      assert.deepEqual(whole.passed, Buffer.concat([frames[0]!, frames[3]!, frames[5]!]));
      assert.deepEqual(ackedIds(whole.written), [7, 9]);
      for (let i = 1; i < bytes.length; i++)
        assert.deepEqual((await through([bytes.subarray(0, i), bytes.subarray(i)])).passed, whole.passed);
      const single = await through([...bytes].map((byte) => Buffer.from([byte])));
      assert.deepEqual([single.passed, single.written], [whole.passed, whole.written]);
      assert.deepEqual(single.rows, ['a', 1000, 'b', 2000, 'a', 3000]);
    });

  test('the publish tap acknowledges nothing before its commit returns, then everything in order', async () => {
    const { tap, transport, intake, store } = openTap();
    store.hold();
    const ids = Array.from({ length: 100 }, (_, i) => ((i * 37) % 1000) + 1);
    for (const id of ids) {
      transport.feed(frame(observation(id)));
      if (id % 7 === 0) await new Promise(setImmediate);
    }
    await turns(20);
    assert.equal(transport.written.length, 0);
    assert.equal(tap.unacknowledged, 100);
    store.release();
    await intake.whenSettled();
    await turns();
    assert.deepEqual(ackedIds(transport.written), ids);
    assert.equal(tap.unacknowledged, 0);
    tap.destroy();
  });

  test('the publish tap does not put an acknowledgement into a frame that the endpoint is still writing', async () => {
    const { tap, transport, intake } = openTap();
    const subscribe = frame({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'x', qos: 0 }] });
    tap.write(subscribe.subarray(0, 3));
    transport.feed(frame(observation(5)));
    await intake.whenSettled();
    await turns();
    assert.deepEqual(transport.written, subscribe.subarray(0, 3));
    tap.write(subscribe.subarray(3));
    await turns();
    assert.deepEqual(transport.written, Buffer.concat([subscribe, Buffer.from([0x40, 2, 0, 5])]));
    tap.destroy();
  });

  test('the publish tap forgets the acknowledgements of a connection that closes', async () => {
    const { tap, transport, intake, store } = openTap();
    store.hold();
    transport.feed(frame(observation(1)));
    await turns();
    transport.destroy();
    await turns();
    assert.equal(tap.destroyed, true);
    store.release();
    await intake.whenSettled();
    assert.equal(transport.written.length, 0);
    assert.equal(store.observations, 1, 'it counts; the other side will send it again');
  });

  test('the publish tap stops reading at the limit of intake, goes on when it falls, and answers pings meanwhile', async () => {
    const { tap, transport, intake, store, passed } = openTap({}, 5);
    const pingreq = frame({ cmd: 'pingreq' });
    const pingresp = frame({ cmd: 'pingresp' });
    tap.write(pingreq);
    await turns();
    store.hold();
    for (let i = 1; i <= 5; i++) transport.feed(frame(observation(i)));
    await turns();
    assert.equal(transport.isPaused(), true);
    assert.deepEqual(passed(), pingresp, 'the ping that was open when reading stopped');
    tap.write(pingreq);
    await turns();
    assert.deepEqual(passed(), Buffer.concat([pingresp, pingresp]));
    transport.feed(Buffer.concat([pingresp, pingresp, frame(observation(6))]));
    await turns();
    assert.equal(intake.ledger.counters().received, 5);
    store.release();
    await intake.whenSettled();
    await turns();
    await intake.whenSettled();
    await turns();
    assert.equal(transport.isPaused(), false);
    assert.deepEqual(passed(), Buffer.concat([pingresp, pingresp]), 'the late answers are not passed again');
    const acks = transport.written.subarray(2 * pingreq.length);
    assert.deepEqual(ackedIds(acks), [1, 2, 3, 4, 5, 6]);
    tap.write(pingreq);
    transport.feed(pingresp);
    await turns();
    assert.deepEqual(passed().length, 3 * pingresp.length, 'afterwards pings go their normal way');
    tap.destroy();
  });

  test('the publish tap ends the connection for a frame that is too long or none, and says which', async () => {
    const cases: [Buffer, RegExp][] = [
      [Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]), /more than four bytes/],
      [Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]), /a frame of 268435460 bytes/],
      [frame(publish('labs/a/observation', 'x'.repeat(FRAME_BYTES_MAX))), /a frame of 10\d\d bytes/],
      [frame(observation(1)).fill(0, 24, 26), /packet id 0/],
    ];
    for (const [bytes, message] of cases)
      for (const pieces of [[bytes], [...bytes].map((byte) => Buffer.from([byte]))]) {
        const { tap, transport, errors, passed, store } = openTap();
        for (const piece of pieces) transport.feed(piece);
        await turns();
        assert.equal(tap.destroyed && transport.destroyed, true);
        assert.match(errors.join(), message);
        assert.equal(passed().length, 0);
        assert.equal(store.observations, 0);
      }
  });

  test('of a consumer, drops a publish that is too long, counts it and acknowledges it in its turn', async () => {
    const long = frame(publish('labs/b/observation', `{"temp":1,"x":"${'y'.repeat(5000)}"}`, 1, 2));
    const bytes = Buffer.concat([
      frame(observation(1, 'a')),
      long,
      frame(observation(3, 'a')),
      frame({ cmd: 'pingresp' }),
    ]);
    for (const size of [bytes.length, 1, 7, 999, 1000, 1001, 4096]) {
      const { tap, transport, intake, passed } = openTap({ skipTooLong: true });
      for (let at = 0; at < bytes.length; at += size) {
        transport.feed(bytes.subarray(at, at + size));
        if (at % 50 === 0) await new Promise(setImmediate);
      }
      await turns();
      await intake.whenSettled();
      await turns();
      assert.deepEqual(ackedIds(transport.written), [1, 2, 3], `in pieces of ${size}`);
      assert.deepEqual(passed(), frame({ cmd: 'pingresp' }));
      const { committed, rejected } = intake.ledger.counters();
      assert.deepEqual([committed, rejected], [2, { payload_too_large: 1 }]);
      tap.destroy();
    }
  });

  test('the publish tap leaves what is malformed within its length to the endpoint', async () => {
    const malformed = [
      Buffer.from([0x36, 0]),
      Buffer.from([0x32, 0]),
      Buffer.from([0x32, 1, 0]),
      Buffer.from([0x32, 4, 0xff, 0xff, 0x61, 0x62]),
      frame(publish('labs/a/observation', '{"temp":1}')).fill(0x36, 0, 1),
      Buffer.from([0x30, 2, 0, 0]),
      frame(publish('#', 'x', 0)),
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    ];
    for (const bytes of malformed.slice(0, 7)) {
      const { tap, transport, passed } = openTap();
      transport.feed(bytes);
      await turns();
      assert.deepEqual(passed(), bytes);
      tap.destroy();
    }
  });

  test('any bytes in any pieces: taken or passed in order, acknowledged only when settled, never a crash', async () => {
    const packets = fc.oneof(
      {
        weight: 5,
        arbitrary: fc
          .record({ id: fc.integer({ min: 1, max: 65_535 }), lab: fc.constantFrom('a', 'b/c', 'ü', '') })
          .map(({ id, lab }) => frame(observation(id, lab))),
      },
      {
        weight: 2,
        arbitrary: fc
          .string({ unit: 'grapheme', maxLength: 40 })
          .map((text) => frame(publish('labs/a/observation', text, 1, 77))),
      },
      {
        weight: 2,
        arbitrary: fc
          .constantFrom<0 | 1 | 2>(0, 1, 2)
          .map((qos) => frame(publish('elsewhere', 'x'.repeat(300), qos, 3))),
      },
      { weight: 1, arbitrary: fc.constant(frame({ cmd: 'pingresp' })) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes)) },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(packets, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 30 }),
        async (parts, sizes) => {
          const { tap, transport, passed, intake, store } = openTap();
          store.hold();
          const bytes = Buffer.concat(parts);
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = sizes[i % sizes.length]!;
            transport.feed(bytes.subarray(at, at + size));
            at += size;
            if (i % 3 === 0) await new Promise(setImmediate);
          }
          await turns(3);
          assert.equal(transport.written.length, 0, 'nothing is acknowledged while the store holds');
          const expected = reference(bytes);
          if (!tap.destroyed) assert.deepEqual(passed().subarray(0, expected.passed.length), expected.passed);
          const open = tap.destroyed ? [] : expected.ids;
          store.release();
          await intake.whenSettled();
          await turns(3);
          assert.deepEqual(ackedIds(transport.written), open);
          const counters = intake.ledger.counters();
          assert.deepEqual([counters.received, imbalance(counters)], [expected.taken, 0]);
          tap.destroy();
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** What must become of a stream, computed from all of it at once: whole frames only. */
function reference(bytes: Buffer): { passed: Buffer; ids: number[]; taken: number } {
  const passed: Buffer[] = [];
  const ids: number[] = [];
  let taken = 0;
  let at = 0;
  while (at < bytes.length) {
    let length = 0;
    let i = at + 1;
    let shift = 0;
    for (; i < bytes.length && shift < 28; shift += 7) {
      length += (bytes[i]! & 0x7f) * 2 ** shift;
      if (bytes[i++]! < 0x80) {
        shift = -1;
        break;
      }
    }
    if (shift !== -1 || i + length - at > FRAME_BYTES_MAX || i + length > bytes.length) break;
    const body = bytes.subarray(i, i + length);
    const type = bytes[at]! >> 4;
    const qos = (bytes[at]! >> 1) & 3;
    const topicEnd = body.length < 2 ? Infinity : 2 + body.readUInt16BE(0);
    const payloadAt = topicEnd + (qos > 0 ? 2 : 0);
    const topic = payloadAt <= body.length ? body.toString('latin1', 2, topicEnd) : '';
    if (type === 3 && qos < 2 && /^labs\/[^/]*\/observation$/s.test(topic)) {
      if (qos === 1 && body.readUInt16BE(topicEnd) === 0) break;
      taken += 1;
      if (qos === 1) ids.push(body.readUInt16BE(topicEnd));
    } else passed.push(bytes.subarray(at, i + length));
    at = i + length;
  }
  return { passed: Buffer.concat(passed), ids, taken };
}
