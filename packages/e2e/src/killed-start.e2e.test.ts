import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { SensorFleet } from './sensor-fleet.js';
import { startTest } from './start-test.js';

/** KILLS=20 for the long run. */
const KILLS = Number(process.env.KILLS ?? 3);
/** VERSIONS=5 for sensors that all speak MQTT 5; by default every other one does. */
const VERSIONS = (process.env.VERSIONS ?? '4,5').split(',').map((version) => (version === '5' ? 5 : 4));
const SENSORS = 200;
/** Acknowledgements between a start and the next kill, at most. */
const ACKNOWLEDGEMENTS_MAX = 4000;

startTest('killed again and again under 200 sensors counts what it acknowledged, once', {}, async (parts) => {
  const { start, random, seed, context } = parts;
  const fleet = new SensorFleet({
    port: start.ports.mqtt,
    sensors: SENSORS,
    labs: 50,
    seed,
    versions: VERSIONS,
  });
  parts.onEnd(() => fleet.close());
  for (let i = 0; i < KILLS; i++) {
    await fleet.reached(fleet.acknowledged + 1 + Math.floor(random() * ACKNOWLEDGEMENTS_MAX));
    // Of some kills the sensors hear before they hear what was acknowledged.
    if (i % 2 === 0) fleet.dropConnections();
    await start.kill();
    if (i % 3 === 0) {
      // Dies while it reads what the last one left.
      start.launch();
      await pause(500 * random());
      await start.kill();
    }
    await start.restart();
  }
  await fleet.reached(fleet.acknowledged + SENSORS);
  await fleet.finish();
  // What the sensors hold for counted must survive this too.
  await start.kill();
  await start.restart();
  await start.stop();
  const { counted } = await start.checkExact(fleet.record);
  assert.equal(counted, fleet.acknowledged);
  context.diagnostic(
    `${KILLS} kills under load, MQTT ${VERSIONS}: ${counted} observations, ${fleet.resent} sent again`,
  );
});
