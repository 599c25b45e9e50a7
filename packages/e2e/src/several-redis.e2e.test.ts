import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pause, startRedis } from '@humtemp/test-services';
import mqtt from 'mqtt';
import { freePorts, HumtempProcess } from './humtemp-process.js';

const LABS = Array.from({ length: 12 }, (_, i) => `lab-${i}`);

/** @throws after two minutes or more */
async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; !(await condition()); i++) {
    if (i > 2400) throw new Error(`waited in vain for ${condition}`);
    await pause(50);
  }
}

test('two Redis servers, one frozen: sensors of the other are acknowledged, nothing is answered in part, and then all count once', async () => {
  const servers = await Promise.all([startRedis(), startRedis()]);
  const ports = await freePorts();
  const humtemp = new HumtempProcess(['start'], {
    HUMTEMP_REDIS_URL: servers.map(({ url }, i) => `${url}?name=${'ab'[i]}`).join(','),
    HUMTEMP_REDIS_TIMEOUT: '1s',
    ...ports.env,
  });
  const api = ports.baseUrl;
  const sensors: mqtt.MqttClient[] = [];
  try {
    await humtemp.ready(api);
    for (const lab of LABS)
      sensors.push(await mqtt.connectAsync(`mqtt://127.0.0.1:${ports.mqtt}`, { clientId: lab }));
    const acknowledged = new Set<string>();
    const publishAll = (round: number) =>
      Promise.all(
        LABS.map(async (lab, i) => {
          const payload = JSON.stringify({ timestamp: Date.now() / 1000 - 10 + round, temp: 20 });
          await sensors[i]!.publishAsync(`labs/${lab}/observation`, payload, { qos: 1 });
          acknowledged.add(lab);
        }),
      );
    await publishAll(0);
    acknowledged.clear();

    await servers[1]!.freeze();
    const second = publishAll(1);
    await eventually(async () => (await fetch(`${api}/readyz`)).status === 503);
    // A later publish of the same sensors gets through as well, while the others wait.
    const third = publishAll(2);
    const lost = new Set(LABS);
    await eventually(async () => {
      for (const lab of acknowledged) lost.delete(lab);
      const answers = await Promise.all(LABS.map((lab) => fetch(`${api}/labs/${lab}`)));
      return answers.filter(({ status }) => status === 200).length === LABS.length - lost.size;
    });
    assert.ok(lost.size > 0 && lost.size < LABS.length, `${lost.size} labs wait`);
    const readiness = (await (await fetch(`${api}/readyz`)).json()) as { detail: string };
    assert.match(
      readiness.detail,
      /\d+ of 256 partitions of labs are out of reach: Redis b is not connected/,
    );
    const summary = await fetch(`${api}/summary`);
    assert.equal(summary.status, 503);
    assert.match(((await summary.json()) as { detail: string }).detail, /\d+ of 256 partitions of labs/);

    await servers[1]!.thaw();
    await Promise.all([second, third]);
    await eventually(async () => (await fetch(`${api}/readyz`)).status === 200);
    const { committed, duplicate } = await humtemp.stop();
    assert.deepEqual({ committed, duplicate }, { committed: 3 * LABS.length, duplicate: 0 });
  } finally {
    for (const sensor of sensors) sensor.end(true);
    await humtemp.kill();
    await Promise.all(servers.map((server) => server.close()));
  }
});
