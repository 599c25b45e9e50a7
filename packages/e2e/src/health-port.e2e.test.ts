import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, temporaryFolder } from '@humtemp/test-services';
import { HumtempProcess } from './humtemp-process.js';

test('a broker without an API says on a port of its own how it is, and shows what it counted', async (t) => {
  const folder = await temporaryFolder('health-port');
  t.after(() => folder.remove());
  const [healthPort, mqttPort] = [await freePort(), await freePort()];
  const broker = new HumtempProcess(['broker'], {
    HUMTEMP_DATA_DIR: folder.path,
    HUMTEMP_MQTT_PORT: `${mqttPort}`,
    HUMTEMP_HEALTH_PORT: `${healthPort}`,
  });
  const get = (path: string) => fetch(`http://127.0.0.1:${healthPort}${path}`);
  const status = (path: string) =>
    get(path).then(
      ({ status }) => status,
      () => 0,
    );
  t.after(() => broker.signal('SIGKILL'));
  for (let i = 0; (await status('/readyz')) !== 200; i++) {
    assert.ok(i < 800, broker.stderr);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  assert.equal(await status('/livez'), 200);
  assert.equal(await status('/labs'), 404);
  assert.match(await (await get('/metrics')).text(), /^humtemp_observations_received_total 0$/m);
  await broker.stop();
});
