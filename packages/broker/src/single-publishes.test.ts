import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { SinglePublishes } from '@humtemp/intake';
import { noOpenHandles, timed, times, until } from '@humtemp/test-services';
import fc from 'fast-check';
import { connectFrame, frame, PINGREQ, publishFrame, Scene, subscribeFrame } from './broker.fixture.js';

after(noOpenHandles);

const PUBLISH_QOS_0 = 0x30;
const PUBACK = 0x40;
const SUBACK = 0x90;
const PINGRESP = 0xd0;

/** How many publishes are taken for connections that are lent, from now on. */
function countSingles() {
  const counted = { taken: 0, offered: 0, instances: new Set<SinglePublishes>() };
  const { takes } = SinglePublishes.prototype;
  SinglePublishes.prototype.takes = function (this: SinglePublishes, place, bytes) {
    const isTaken = takes.call(this, place, bytes);
    counted.offered += 1;
    counted.instances.clear();
    counted.instances.add(this);
    if (isTaken) counted.taken += 1;
    return isTaken;
  };
  after(() => {
    SinglePublishes.prototype.takes = takes;
  });
  return counted;
}
const singles = countSingles();

/** What an answer is, and of PUBACKs which, in order; copies for subscribers left out. */
function answersIn(bytes: Buffer): string[] {
  const answers: string[] = [];
  // All are short, but CONNACKs, the first.
  for (let at = 4; at < bytes.length; at += 2 + bytes[at + 1]!) {
    const type = bytes[at]! & 0xf0;
    if (type === PUBACK) answers.push(`PUBACK ${bytes.readUInt16BE(at + 2)}`);
    else if (type === PINGRESP) answers.push('PINGRESP');
    else assert.ok(type === SUBACK || type === PUBLISH_QOS_0, `a packet of type ${type}`);
  }
  return answers;
}

const only = (answers: readonly string[], start: string) => answers.filter((one) => one.startsWith(start));

test('a sensor that waits for each PUBACK goes past its tap from the second publish on', async (t) => {
  const scene = await Scene.open(t);
  const { socket, answers } = await scene.exchange(connectFrame('sensor'));
  await until(() => answers().length === 4);
  const before = singles.taken;
  for (let id = 1; id <= 10; id++) {
    socket.write(publishFrame({ qos: 1, id, payload: timed(id) }));
    await until(() => answers().length === 4 + 4 * id);
  }
  assert.equal(singles.taken - before, 9);
  socket.write(PINGREQ);
  await until(() => only(answersIn(answers()), 'PINGRESP').length === 1);
  socket.write(publishFrame({ qos: 1, id: 11, payload: 'no observation' }));
  await until(() => only(answersIn(answers()), 'PUBACK').length === 11);
  assert.deepEqual(scene.counts, { committed: 10, duplicate: 0, rejected: { not_json: 1 } });
});

/** A connection of a sensor, with so many publishes acknowledged that it is lent. */
async function lent(scene: Scene, name: string, keepAliveS = 60) {
  const connect = connectFrame(name);
  connect.writeUInt16BE(keepAliveS, 10);
  const { socket, answers } = await scene.exchange(connect);
  await until(() => answers().length === 4);
  for (const id of [1, 2]) {
    socket.write(publishFrame({ qos: 1, id, payload: another() }));
    await until(() => answers().length === 4 + 4 * id);
  }
  return { socket, answers };
}
let serial = 100;
const another = () => timed(serial++);

test('what is no single observation at QoS 1 gets the answer that it would get anyway', async (t) => {
  const scene = await Scene.open(t);
  const { socket, answers } = await lent(scene, 'many-sided');
  const next = async (bytes: Buffer, count: number) => {
    const before = answers().length;
    socket.write(bytes);
    await until(() => answers().length >= before + count);
    return [...answers().subarray(before)];
  };
  assert.deepEqual(await next(publishFrame({ qos: 2, id: 3, payload: another() }), 4), [0x50, 2, 0, 3]);
  assert.deepEqual(await next(Buffer.from([0x62, 2, 0, 3]), 4), [0x70, 2, 0, 3]);
  assert.deepEqual(await next(publishFrame({ qos: 1, id: 4, topic: 'other' }), 4), [0x40, 2, 0, 4]);
  for (const id of [5, 6])
    assert.deepEqual(await next(publishFrame({ qos: 1, id, payload: another() }), 4), [0x40, 2, 0, id]);
  const { committed } = scene.counts;
  const qos0 = publishFrame({ qos: 1, id: 7, payload: another() });
  socket.write(frameAtQos0(qos0));
  await until(() => scene.counts.committed === committed + 1);
  assert.deepEqual(await next(PINGREQ, 2), [0xd0, 0]);
});

/** The same publish at QoS 0: without the packet id behind its topic [MQTT-2.3.1-5]. */
function frameAtQos0(publish: Buffer): Buffer {
  const topicEnd = 4 + publish.readUInt16BE(2);
  const body = Buffer.concat([publish.subarray(2, topicEnd), publish.subarray(topicEnd + 2)]);
  return frame(0x30, body);
}

test('a sensor that does nothing but publish is not late', async (t) => {
  const scene = await Scene.open(t);
  const { socket, answers } = await lent(scene, 'lively', 1);
  const before = singles.taken;
  for (let i = 0; i < 14; i++) {
    socket.write(publishFrame({ qos: 1, id: 3 + i, payload: another() }));
    await sleep(200);
  }
  await until(() => answers().length === 4 + 4 * 16);
  // Two that come at once, on a busy machine, are no single ones.
  assert.ok(singles.taken - before > 4, `${singles.taken - before}`);
});

test('when intake is full, no more is read of connections that are lent', async (t) => {
  const scene = await Scene.open(t, { pendingMax: 5 });
  const sensors: Awaited<ReturnType<typeof lent>>[] = [];
  for (let i = 0; i < 10; i++) sensors.push(await lent(scene, `sensor ${i}`));
  scene.held.hold();
  const { received } = scene.intake.ledger.counters();
  const all = (id: number) => {
    for (const { socket } of sensors) socket.write(publishFrame({ qos: 1, id, payload: another() }));
  };
  all(3);
  await until(() => scene.intake.ledger.counters().received === received + 10);
  // It was not full yet when the first four had sent theirs.
  all(4);
  await until(() => scene.intake.ledger.counters().received >= received + 14);
  await sleep(100);
  assert.equal(scene.intake.ledger.counters().received, received + 14);
  scene.held.release();
  for (const { answers } of sensors) await until(() => answers().length === 4 + 4 * 4);
});

test('what awaits its acknowledgement when something else comes gets it first, or is forgotten with its connection', async (t) => {
  const scene = await Scene.open(t);
  const [goesOn, leaves, pings] = [
    await lent(scene, 'goes on'),
    await lent(scene, 'leaves'),
    await lent(scene, 'pings'),
  ];
  const { committed } = scene.counts;
  scene.held.hold();
  const before = singles.taken;
  for (const { socket } of [goesOn, leaves, pings])
    socket.write(publishFrame({ qos: 1, id: 3, payload: another() }));
  await until(() => singles.taken === before + 3);
  leaves.socket.destroy();
  for (const id of [4, 5]) goesOn.socket.write(publishFrame({ qos: 1, id, payload: another() }));
  for (const { socket } of [goesOn, pings]) socket.write(PINGREQ);
  for (const { answers } of [goesOn, pings])
    await until(() => only(answersIn(answers()), 'PINGRESP').length === 1);
  await until(() => scene.broker.connections === 2);
  assert.equal(only(answersIn(goesOn.answers()), 'PUBACK').length, 2);
  // It may have the place of the one that left.
  const other = await scene.exchange(connectFrame('other'));
  other.socket.write(publishFrame({ qos: 1, id: 9, payload: another() }));
  await until(() => scene.intake.ledger.inFlight === 6);
  scene.held.release();
  await until(() => only(answersIn(goesOn.answers()), 'PUBACK').length === 5);
  assert.deepEqual(
    only(answersIn(goesOn.answers()), 'PUBACK'),
    [1, 2, 3, 4, 5].map((id) => `PUBACK ${id}`),
  );
  await until(() => other.answers().length === 8);
  assert.deepEqual(answersIn(other.answers()), ['PUBACK 9']);
  await until(() => only(answersIn(pings.answers()), 'PUBACK').length === 3);
  assert.deepEqual(scene.counts, { committed: committed + 6, duplicate: 0, rejected: {} });
});

/** Lets commits of a scene begin one by one. @returns those that wait; `end()` lets all through from now on. */
function gatesOf({ held }: Scene) {
  const { store } = held;
  const commit = store.commit.bind(store);
  const gates: (() => void)[] = [];
  store.commit = async (...batch) => {
    await new Promise<void>((resolve) => gates.push(resolve));
    return commit(...batch);
  };
  const end = () => {
    store.commit = commit;
    for (const open of gates) open();
  };
  return { gates, end };
}

test('what a connection awaits that was taken back is acknowledged with its own batch, not with a later one', async (t) => {
  const scene = await Scene.open(t);
  const [one, other] = [await lent(scene, 'one'), await lent(scene, 'other')];
  const { gates, end } = gatesOf(scene);
  t.after(end);
  one.socket.write(publishFrame({ qos: 1, id: 3, payload: another() }));
  await until(() => gates.length === 1);
  other.socket.write(publishFrame({ qos: 1, id: 3, payload: another() }));
  await until(() => scene.intake.ledger.inFlight === 2);
  one.socket.write(PINGREQ);
  await until(() => only(answersIn(one.answers()), 'PINGRESP').length === 1);
  gates[0]!();
  await until(() => only(answersIn(one.answers()), 'PUBACK').length === 3);
  assert.equal(scene.intake.ledger.inFlight, 1);
  end();
  await until(() => only(answersIn(other.answers()), 'PUBACK').length === 3);
});

test('a connection is lent once at a time, and no place is left when it has gone', async (t) => {
  const scene = await Scene.open(t);
  const { socket, answers } = await lent(scene, 'hasty');
  for (let round = 0; round < 5; round++) {
    const acknowledged = only(answersIn(answers()), 'PUBACK').length;
    const { gates, end } = gatesOf(scene);
    socket.write(publishFrame({ qos: 1, id: 3, payload: another() }));
    await until(() => gates.length === 1);
    socket.write(publishFrame({ qos: 1, id: 4, payload: another() }));
    await until(() => scene.intake.ledger.inFlight === 2);
    end();
    await until(() => only(answersIn(answers()), 'PUBACK').length === acknowledged + 2);
  }
  const [shared] = singles.instances;
  assert.equal(shared!.size, 1);
  socket.destroy();
  await until(() => shared!.size === 0);
});

test('sensors whose copies are more than may be under way get their PUBACKs', async (t) => {
  const scene = await Scene.open(t);
  const subscriber = await scene.exchange(connectFrame('subscriber'));
  subscriber.socket.write(subscribeFrame(['labs/+/observation'], 0));
  await until(() => subscriber.answers().length === 9);
  const sensors = [await lent(scene, 'first'), await lent(scene, 'second'), await lent(scene, 'third')];
  const { received } = scene.intake.ledger.counters();
  scene.held.hold();
  // With those of the sensors they are as many as may be under way in all.
  for (const count of [1000, 1000, 1000, 1000, 999]) {
    const gateway = await scene.exchange(connectFrame(`gateway ${count} ${serial}`));
    const frames = times(count, (i) => publishFrame({ qos: 1, id: i + 1, payload: another() }));
    gateway.socket.write(Buffer.concat(frames));
  }
  await until(() => scene.intake.ledger.counters().received === received + 4999);
  for (const { socket } of sensors) {
    socket.write(publishFrame({ qos: 1, id: 3, payload: another() }));
    await sleep(20);
  }
  scene.held.release();
  for (const { answers } of sensors) await until(() => only(answersIn(answers()), 'PUBACK').length === 3);
});

const STEPS = ['one', 'again', 'bad', 'two', 'half', 'ping', 'other', 'wait', 'turn'] as const;
type Step = (typeof STEPS)[number] | 'answered' | 'subscribe';

test('whatever a client mixes with single publishes, every publish is counted and acknowledged in its turn', async (t) => {
  const scene = await Scene.open(t);
  let clients = 0;
  const steps = fc.array(
    fc.oneof(
      { arbitrary: fc.constant<Step>('answered'), weight: 8 },
      { arbitrary: fc.constantFrom(...STEPS), weight: 4 },
      { arbitrary: fc.constant<Step>('subscribe'), weight: 1 },
    ),
    { maxLength: 60 },
  );
  const expected = { committed: 0, duplicate: 0, rejected: 0 };
  /** Says what a client says, step by step. @returns its answers, and those that it has to get. */
  async function converse(
    script: readonly Step[],
  ): Promise<[answers: string[], acks: string[], pings: number]> {
    const client = clients++;
    const { socket, answers } = await scene.exchange(connectFrame(`client ${client}`));
    socket.setNoDelay(true);
    const acks: string[] = [];
    /** Of what is no observation, which awaits no commit. */
    const others = new Set<string>();
    let pings = 0;
    let id = 0;
    let last = '';
    let rest: Buffer = Buffer.alloc(0);
    const publish = (payload: string, topic = `labs/${client % 3}/observation`) => {
      id += 1;
      acks.push(`PUBACK ${id}`);
      return publishFrame({ qos: 1, id, topic, payload });
    };
    const publishAnother = () => {
      last = another();
      expected.committed += 1;
      return publish(last);
    };
    const isAnswered = () => {
      const got = answersIn(answers());
      return only(got, 'PUBACK').length === acks.length && only(got, 'PINGRESP').length === pings;
    };
    for (const step of script) {
      // Nothing stands within a frame.
      const begun = rest;
      rest = Buffer.alloc(0);
      if (begun.length > 0) socket.write(begun);
      if (step === 'answered') {
        socket.write(publishAnother());
        await until(isAnswered);
      } else if (step === 'one') socket.write(publishAnother());
      else if (step === 'again' && last !== '') {
        expected.duplicate += 1;
        socket.write(publish(last));
      } else if (step === 'bad') {
        expected.rejected += 1;
        socket.write(publish('{'));
      } else if (step === 'two') socket.write(Buffer.concat([publishAnother(), publishAnother()]));
      else if (step === 'half') {
        const whole = publishAnother();
        socket.write(whole.subarray(0, 20));
        rest = whole.subarray(20);
      } else if (step === 'ping') {
        pings += 1;
        socket.write(PINGREQ);
      } else if (step === 'other') {
        others.add(`PUBACK ${id + 1}`);
        socket.write(publish('x', 'other'));
      } else if (step === 'subscribe') socket.write(subscribeFrame(['labs/0/observation'], 0));
      else if (step === 'wait' && begun.length === 0) await until(isAnswered);
      else await new Promise(setImmediate);
    }
    socket.write(rest);
    await until(isAnswered);
    socket.end();
    await once(socket, 'close');
    const isOfObservation = (answer: string) => !others.has(answer);
    return [answersIn(answers()).filter(isOfObservation), acks.filter(isOfObservation), pings];
  }
  const before = singles.taken;
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 1, maxLength: 6 }), async (scripts) => {
      const ended = await Promise.all(scripts.map(converse));
      for (const [answers, acks, pings] of ended) {
        assert.deepEqual(only(answers, 'PUBACK'), acks);
        assert.equal(only(answers, 'PINGRESP').length, pings);
      }
      const { committed, duplicate, rejected } = scene.counts;
      const all = Object.values(rejected).reduce((sum, count) => sum + count, 0);
      assert.deepEqual({ committed, duplicate, rejected: all }, expected);
    }),
    { numRuns: 60 },
  );
  assert.ok(
    singles.taken - before > 20,
    `${singles.taken - before} of ${singles.offered} went past their taps`,
  );
});
