import assert from 'node:assert/strict';
import { freePorts, HumtempProcess } from './humtemp-process.js';
import { startTest } from './start-test.js';
import { until } from './until.js';

startTest('keeps others out of its data folder, and nobody once it was killed', {}, async (parts) => {
  const { start } = parts;
  for (const role of ['start', 'broker']) {
    const { env } = await freePorts();
    const other = new HumtempProcess([role], { ...env, HUMTEMP_DATA_DIR: start.dataDir });
    parts.onEnd(() => other.kill());
    await until(() => other.exitCode !== null);
    await other.exited();
    assert.equal(other.exitCode, 2, other.stderr);
    const { baseUrl, env: own } = start.ports;
    for (const part of [
      'humtemp is running already: process ',
      `MQTT at mqtt://127.0.0.1:${own.HUMTEMP_MQTT_PORT}`,
      `HTTP at ${baseUrl}`,
      `data in ${start.dataDir}`,
      'to stop it: kill ',
    ])
      assert.ok(other.stderr.includes(part), other.stderr);
    assert.doesNotMatch(other.stderr, /\n {4}at /, 'no stack trace');
    assert.equal(other.stdout, '');
  }
  const body = JSON.stringify({ lab_id: 'a', timestamp: Date.now() / 1000, temp: 20 });
  const response = await fetch(`${start.ports.baseUrl}/observation`, { method: 'POST', body });
  assert.equal(response.status, 200);
  await start.kill();
  await start.restart();
  assert.equal(await start.countOf('a'), 1);
});
