import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FanOut, type Spread } from './fan-out.js';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function spread(name: string, steps: number, done: string[]): Spread {
  let left = steps;
  return {
    step: () => {
      if (left === 0) return 0;
      left -= 1;
      return 1000;
    },
    done: () => done.push(name),
  };
}

describe('publishes on their way to subscribers', () => {
  test('are delivered at once while there is little, in the order of their publisher', async () => {
    const done: string[] = [];
    const fanOut = new FanOut(() => {});
    const publisher = {};
    for (const name of ['a', 'b', 'c']) fanOut.add(spread(name, 0, done), publisher);
    assert.deepEqual(done, ['a', 'b', 'c']);
  });

  test('take turns by publisher, so that few do not wait for many', async () => {
    const done: string[] = [];
    const fanOut = new FanOut(() => {});
    const [many, few] = [{}, {}];
    for (let i = 0; i < 20; i++) fanOut.add(spread(`many ${i}`, 2, done), many);
    fanOut.add(spread('few 0', 2, done), few);
    fanOut.add(spread('few 1', 2, done), few);
    for (let i = 0; i < 60; i++) await turn();
    assert.equal(fanOut.count, 0);
    assert.ok(done.indexOf('few 1') < 6, `${done}`);
    for (const publisher of ['many', 'few']) {
      const own = done.filter((name) => name.startsWith(publisher));
      assert.deepEqual(
        own,
        own.map((_, i) => `${publisher} ${i}`),
      );
    }
  });

  test('make publishers wait when they are late, until they are not', async () => {
    let nowMs = 0;
    const full: boolean[] = [];
    const fanOut = new FanOut(
      (isFull) => full.push(isFull),
      () => nowMs,
    );
    const publisher = {};
    for (let i = 0; i < 10; i++) fanOut.add(spread('x', 2, []), publisher);
    nowMs = 100;
    for (let i = 0; i < 30; i++) await turn();
    assert.deepEqual([full, fanOut.isFull], [[true, false], false]);
  });

  test('of any number that end at once bring more without an end of the stack', () => {
    const fanOut = new FanOut(() => {});
    let done = 0;
    const one: Spread = {
      step: () => 0,
      done: () => {
        done += 1;
        if (done < 1000) fanOut.add(one, fanOut);
      },
    };
    fanOut.add(one, fanOut);
    assert.equal(done, 1000);
  });
});
