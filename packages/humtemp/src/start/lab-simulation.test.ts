import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LabSimulation } from './lab-simulation.js';

const NOON_MS = Date.UTC(2026, 8, 22, 12);

function scene() {
  const payloads: { lab: string; ms: number; text: string }[] = [];
  const clock = { nowMs: NOON_MS };
  const intake = {
    isFull: false,
    whenSettled: async () => new Set<string>(),
    receive(lab: string, payload: Buffer) {
      const text = payload.toString();
      payloads.push({ lab, ms: JSON.parse(text).timestamp * 1000, text });
      return undefined;
    },
  };
  return { payloads, clock, simulation: new LabSimulation(intake, () => clock.nowMs) };
}

const PAST = 8 * 36 * 12;
const untilLive = async (payloads: readonly unknown[]) => {
  while (payloads.length <= PAST) await new Promise((resolve) => setImmediate(resolve));
};

test('made-up labs begin with all since yesterday, go on live, and end by themselves', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { payloads, clock, simulation } = scene();
  simulation.start();
  await untilLive(payloads);
  assert.equal(payloads[0]!.ms, Date.UTC(2026, 8, 21));
  assert.ok(payloads.slice(0, PAST).every(({ ms }) => ms < NOON_MS));
  assert.equal(new Set(payloads.map(({ lab }) => lab)).size, 8);
  clock.nowMs += 500;
  t.mock.timers.tick(500);
  assert.equal(payloads.length, PAST + 2);
  assert.deepEqual(
    payloads.slice(PAST).map(({ ms }) => ms),
    [NOON_MS, NOON_MS + 500],
  );
  clock.nowMs = simulation.endsMs!;
  t.mock.timers.tick(500);
  assert.equal(simulation.endsMs, undefined);
  t.mock.timers.tick(10_000);
  assert.equal(payloads.length, PAST + 2);
});

test('stopped, nothing more comes; begun again on the same day, the past is the same', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { payloads, clock, simulation } = scene();
  simulation.start();
  await untilLive(payloads);
  simulation.stop();
  t.mock.timers.tick(10_000);
  assert.equal(payloads.length, PAST + 1);
  const first = payloads.splice(0).slice(0, PAST);
  clock.nowMs += 1000;
  simulation.start();
  await untilLive(payloads);
  simulation.stop();
  assert.deepEqual(payloads.slice(0, PAST - 8), first.slice(0, PAST - 8));
});
