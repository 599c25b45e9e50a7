import assert from 'node:assert/strict';
import { after, describe, type TestContext, test } from 'node:test';
import { noOpenHandles, pause, TOPIC, times, UNTIMED, until } from '@humtemp/test-services';
import { connectFrame, publishFrame, Scene, subscribeFrame } from './broker.fixture.js';
import type { BudgetKind } from './budgets/budgets.js';

after(noOpenHandles);

const MEMORY_BYTES = 2 * 1024 * 1024;

/** A broker with little memory, and how much of a kind all its clients may have, who come from one address here. */
async function openSmall(t: TestContext, kind: BudgetKind) {
  const scene = await Scene.open(t, { memoryBytesMax: MEMORY_BYTES });
  const budget = scene.broker.budgets[kind];
  return { scene, budget, max: budget.bytesMaxOfOne };
}

/** A sensor goes on, and is acknowledged. */
async function assertServing(scene: Scene): Promise<void> {
  const { committed } = scene.counts;
  const sensor = await scene.client();
  await sensor.publishAsync(TOPIC, UNTIMED, { qos: 1 });
  assert.equal(scene.counts.committed, committed + 1);
}

describe('memory of the embedded broker is bounded in all:', { concurrency: true }, () => {
  test('what waits for subscribers that do not read', async (t) => {
    const { scene, budget, max } = await openSmall(t, 'output');
    for (let i = 0; i < 10; i++) {
      const { socket } = await scene.exchange(connectFrame(`unread-${i}`));
      socket.write(subscribeFrame(['q'], (i % 2) as 0 | 1));
      socket.pause();
    }
    const publisher = await scene.client();
    const payload = 'x'.repeat(20_000);
    let most = 0;
    while (scene.broker.counters.deliveriesDropped < 1000) {
      await publisher.publishAsync('q', payload, { qos: 1 });
      most = Math.max(most, budget.used);
    }
    assert.ok(most > max / 2 && most < max + 10 * 70_000, `${most}`);
    await assertServing(scene);
  });

  test('what waits in sessions, of as many clients as there may be', async (t) => {
    const { scene, budget, max } = await openSmall(t, 'queues');
    for (let i = 0; i < 20; i++) {
      const client = await scene.client({ clientId: `away-${i}`, clean: false });
      await client.subscribeAsync('q', { qos: 1 });
      await client.endAsync();
    }
    const publisher = await scene.client();
    for (let i = 0; i < 100; i++) await publisher.publishAsync('q', 'x'.repeat(300), { qos: 1 });
    assert.ok(scene.broker.counters.queuedDropped > 0);
    assert.ok(budget.used > max - 2000 && budget.used <= max, `${budget.used}`);
    // All of it comes back when the sessions end.
    for (let i = 0; i < 20; i++) await scene.client({ clientId: `away-${i}`, clean: true });
    assert.equal(budget.used, 0);
  });

  test('subscriptions, by their levels; those beyond are refused', async (t) => {
    const { scene, budget, max } = await openSmall(t, 'subscriptions');
    const deep = (i: number) => `${'level/'.repeat(98)}${i}`;
    const clients = await Promise.all(
      times(5, (i) => scene.client({ clientId: `${i}`, clean: i % 2 === 0 })),
    );
    let refused = 0;
    for (const [i, client] of clients.entries()) {
      const granted = await client.subscribeAsync(times(10, (k) => deep(i * 10 + k))).catch(() => []);
      refused += 10 - granted.filter(({ qos }) => qos !== 128).length;
    }
    assert.ok(refused > 0);
    assert.ok(budget.used > 0 && budget.used <= max, `${budget.used}`);
    for (const [i, client] of clients.entries()) {
      await client.endAsync();
      if (i % 2 === 1) await scene.client({ clientId: `${i}`, clean: true });
    }
    await until(() => budget.used === 0);
  });

  test('retained publishes', async (t) => {
    const { scene, budget, max } = await openSmall(t, 'retained');
    const client = await scene.client();
    for (let i = 0; i < 1000; i++) await client.publishAsync(`r/${i}`, 'x', { retain: true, qos: 1 });
    assert.ok(scene.broker.counters.retainedDropped > 0);
    assert.ok(budget.used <= max, `${budget.used}`);
    for (let i = 0; i < 1000; i++) await client.publishAsync(`r/${i}`, '', { retain: true, qos: 1 });
    assert.equal(budget.used, 0);
  });

  test('wills; a client whose will has no room is refused', async (t) => {
    const { scene, budget } = await openSmall(t, 'connects');
    const will = { topic: 'w', payload: Buffer.alloc(10_000), qos: 0 as const };
    const clients = [];
    for (let i = 0; i < 3; i++) clients.push(await scene.client({ will }));
    await assert.rejects(scene.client({ will }), /Server unavailable/);
    await assertServing(scene);
    for (const client of clients) await client.endAsync();
    await until(() => budget.used < 1000);
    await scene.client({ will });
  });

  test('publishes at QoS 2 that are not released; whoever has too many is read no more, and disconnected', async (t) => {
    const { scene, budget, max } = await openSmall(t, 'receipts');
    const { socket } = await scene.exchange(connectFrame('unreleased'));
    socket.write(Buffer.concat(times(1000, (i) => publishFrame({ qos: 2, id: i + 1, topic: 'q' }))));
    await until(() => scene.log.reasons.length > 0);
    // Not at once: it would be back at once, and send as much again.
    await pause(300);
    const { bytesRead } = socket;
    await pause(300);
    assert.deepEqual([socket.closed, socket.bytesRead], [false, bytesRead]);
    await until(() => socket.closed);
    assert.ok(budget.used <= max, `${budget.used}`);
    assert.deepEqual(scene.log.reasons, ['too many publishes at QoS 2 that it has not released']);
    await until(() => budget.used === 0);
    await assertServing(scene);
  });

  test('CONNECTs of which only a part has come', async (t) => {
    const { scene, budget, max } = await openSmall(t, 'unfinished');
    const half = connectFrame('c'.repeat(10_000)).subarray(0, 5000);
    const sockets = await Promise.all(times(20, () => scene.exchange(half)));
    await until(() => scene.log.reasons.includes('too much is unfinished of others that connect'));
    assert.ok(budget.used > 0 && budget.used <= max, `${budget.used}`);
    for (const { socket } of sockets) socket.destroy();
    await until(() => budget.used === 0);
    await assertServing(scene);
  });

  test('publishes and other packets of which only a part has come', async (t) => {
    const { scene, budget, max } = await openSmall(t, 'unfinished');
    const publish = publishFrame({ qos: 1, id: 1, payload: 'x'.repeat(20_000) });
    const subscribe = subscribeFrame(
      times(200, (i) => `${'long/'.repeat(20)}${i}`),
      1,
    );
    for (const half of [publish, subscribe].map((frame) => frame.subarray(0, frame.length - 100))) {
      const opened = await Promise.all(
        times(20, (i) => scene.exchange(Buffer.concat([connectFrame(`${half[0]}-${i}`), half]))),
      );
      await until(() => budget.used > 0 && opened.every(({ answers }) => answers().length === 4));
      await pause(100);
      assert.ok(budget.used > max / 8 && budget.used <= max, `${budget.used}`);
      // The rest of those that have room. The others are read no more.
      const rest = (half[0] === publish[0] ? publish : subscribe).subarray(half.length);
      for (const { socket } of opened) socket.write(rest);
      await until(() => budget.used === 0);
      await until(() => opened.some(({ answers }) => answers().length > 4));
      assert.ok(opened.some(({ answers, socket }) => answers().length === 4 && !socket.closed));
      for (const { socket } of opened) socket.destroy();
    }
    await assertServing(scene);
  });
});
