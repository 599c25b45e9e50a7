import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endsWithin, StopError, type StopStep, takeSteps } from './stop-steps.js';

const never = () => new Promise<never>(() => {});

function steps(taken: string[], ...stops: (() => Promise<unknown>)[]): StopStep[] {
  return stops.map((stop, i) => ({
    name: `step ${i + 1}`,
    msMax: 50,
    stop() {
      taken.push(`step ${i + 1}`);
      return stop();
    },
  }));
}

test('steps are taken one after the other', async () => {
  const taken: string[] = [];
  const later = async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    taken.push('end');
  };
  await takeSteps(steps(taken, later, later));
  assert.deepEqual(taken, ['step 1', 'end', 'step 2', 'end']);
});

test('a step that never ends, and one that fails, hold up nothing and are named', async () => {
  const taken: string[] = [];
  const cause = new Error('no hands');
  const stopping = takeSteps(
    steps(
      taken,
      never,
      () => Promise.reject(cause),
      async () => {},
    ),
  );
  await assert.rejects(stopping, (error) => {
    assert.ok(error instanceof StopError);
    assert.equal(error.message, 'step 1 had not stopped after 50 ms; step 2 failed to stop: no hands');
    assert.equal(error.cause, cause);
    return true;
  });
  assert.deepEqual(taken, ['step 1', 'step 2', 'step 3']);
});

test('what fails too late is nobody’s concern', async () => {
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 30));
  assert.equal(await endsWithin(5, late), false);
  await new Promise((resolve) => setTimeout(resolve, 60));
});
