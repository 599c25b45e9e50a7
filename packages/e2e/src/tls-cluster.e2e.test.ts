import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort, makeCertificate, startRedisCluster, temporaryFolder } from '@humtemp/test-services';
import { freePorts, HumtempProcess } from './humtemp-process.js';

test('a Redis Cluster over TLS takes and gives observations of all its masters, and one that nobody vouches for gets none', async () => {
  const folder = await temporaryFolder('tls-cluster');
  const { ca, cert, key } = await makeCertificate('redis');
  const file = (name: string, text: string) => {
    writeFileSync(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const tls = {
    'tls-ca-cert-file': file('ca', ca),
    'tls-cert-file': file('cert', cert),
    'tls-key-file': file('key', key),
    'tls-auth-clients': 'no',
    'tls-cluster': 'yes',
  };
  const tlsPorts: number[] = [];
  const cluster = await startRedisCluster(3, 0, { directives: tls }, async () => {
    tlsPorts.push(await freePort());
    return { 'tls-port': `${tlsPorts.at(-1)}` };
  });
  const ports = await freePorts();
  const env = {
    ...ports.env,
    HUMTEMP_REDIS_URL: `rediss+cluster://localhost:${tlsPorts[0]}`,
  };
  const stranger = new HumtempProcess(['start'], env);
  let humtemp: HumtempProcess | undefined;
  try {
    const said = /self-signed certificate|unable to verify|unable to get local issuer/;
    while (!said.test(stranger.stderr)) await new Promise((resolve) => setTimeout(resolve, 20));
    await stranger.stop();
    humtemp = new HumtempProcess(['start'], { ...env, NODE_EXTRA_CA_CERTS: join(folder.path, 'ca') });
    await humtemp.ready(ports.baseUrl);
    const labs = Array.from({ length: 30 }, (_, i) => `lab-${i}`);
    for (const lab of labs) {
      const posted = await fetch(`${ports.baseUrl}/observation`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ lab_id: lab, temp: 21.5, humidity: 45.2 }),
      });
      assert.equal(posted.status, 200, await posted.text());
    }
    const { labs: known } = (await (await fetch(`${ports.baseUrl}/labs?limit=100`)).json()) as {
      labs: { lab_id: string }[];
    };
    assert.deepEqual(known.map(({ lab_id }) => lab_id).sort(), [...labs].sort());
    await humtemp.stop();
  } finally {
    await stranger.kill();
    await humtemp?.kill();
    await cluster.close();
    await folder.remove();
  }
});
